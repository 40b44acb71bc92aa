"""What a model takes of a device's memory when it serves, and when it is trained."""
