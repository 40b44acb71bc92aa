"""Attacks on a guard and on a running server, and how often they succeed."""
