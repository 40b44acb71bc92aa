"""An episode for people."""
