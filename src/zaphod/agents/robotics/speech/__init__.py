"""Instructions that are spoken."""
