"""Requests over time: queues, the engine's scheduler step by step, and fleets of a million users."""
