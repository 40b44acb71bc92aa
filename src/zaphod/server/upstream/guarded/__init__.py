"""Passed requests and answers under the guard: `passed_texts.py` for what goes in, `rewriting.py` for what comes."""
