"""What the user wrote, checked: the scenario and its service definition."""
