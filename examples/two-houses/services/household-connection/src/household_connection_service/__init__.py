"""A calculation service for EConnection: what a household draws from the grid."""
