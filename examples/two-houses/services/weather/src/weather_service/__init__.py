"""A calculation service for EnvironmentalProfiles: sun and air temperature of one place."""
