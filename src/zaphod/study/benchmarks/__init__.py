"""Measures speed, memory and accuracy: our runners alone, and beside other programs on the same file."""
