"""A calculation model for tests: see README.md beside this package."""
