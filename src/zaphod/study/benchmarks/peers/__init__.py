"""The programs that are compared, each in a process of its own; `child.py` is that process."""
