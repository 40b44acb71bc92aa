"""Other servers behind this gateway. `pool.py` is the file to read first."""
