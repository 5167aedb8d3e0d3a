"""Events and tables for a person, or JSON for a program. The only place that prints."""
