"""A calculation service for PVInstallation: electrical power from the weather."""
