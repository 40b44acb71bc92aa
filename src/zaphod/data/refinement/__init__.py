"""Statements in texts held against reference sources: corrected, dropped or left, each edit with its reason."""
