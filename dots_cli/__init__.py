"""Run DOTS energy-system co-simulations on one machine."""

__version__ = "0.1.0"
