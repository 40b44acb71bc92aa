"""Keys in envelopes, and what is encrypted with them. Read `vault.py` first."""
