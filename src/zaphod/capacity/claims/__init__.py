"""Statements that were made about such models and machines, checked with the planner's own functions."""
