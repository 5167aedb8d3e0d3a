"""The container engine, and a plan's containers on it."""
