"""The second edition of the built-in model: its tasks, their wordings and their judges."""
