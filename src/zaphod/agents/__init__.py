"""Programs that act: robots, several agents on one mission, live information."""
