"""Where results go, and how they are read back."""
