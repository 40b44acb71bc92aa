"""Who may ask, how much, and when: keys, limits, the queue's bound. `gate.py` is the file to read first."""
