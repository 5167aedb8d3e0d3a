"""Runs as the command line sees them: found, followed, steered and deleted, through their files."""
