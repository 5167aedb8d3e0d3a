"""The conductor: the HELICS broker of both phases of a run, in a process beside the models.

Started as `python -m <this package> SETTINGS.json [--control]`. It imports HELICS and the standard
library and nothing else, so this folder runs in a container image under any package name.
"""
