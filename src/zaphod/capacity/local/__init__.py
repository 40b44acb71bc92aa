"""Plans for this very machine and our own engine on its processor, checked by running it. Read `timing.py` first."""
