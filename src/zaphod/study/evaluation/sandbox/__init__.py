"""Runs programs that a model wrote, kept from this machine as far as the system allows; says how far that is."""
