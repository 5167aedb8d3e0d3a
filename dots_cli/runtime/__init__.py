"""The plan as running things: start, watch, stop, remove. Emits events, prints nothing."""
