"""Serves models over HTTP. `app.py` is the file to read first."""
