"""The embedded store: a process of its own that takes what models write, and its journal."""
