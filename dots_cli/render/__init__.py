"""The plan as files."""
