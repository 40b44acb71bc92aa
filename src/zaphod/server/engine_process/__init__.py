"""The engine in a process of its own. `messages.py` is the file to read first."""
