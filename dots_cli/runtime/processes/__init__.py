"""Local processes: the runtime that needs nothing but Python, and the parts of it."""
