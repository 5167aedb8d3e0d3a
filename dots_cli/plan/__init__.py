"""Every decision about a run, made before anything starts. Pure: no files, no clock, no chance."""
