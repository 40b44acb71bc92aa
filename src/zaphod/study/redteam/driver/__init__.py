"""Attacks on a running server: what is asked, who judges, what is tried next, and what is reported."""
