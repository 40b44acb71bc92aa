"""Metrics, traces, logs, energy; never what was said. `observation.py` is the file to read first."""
