"""What may go in and come out: views of a text, finders, policies, verdicts. Read `verdict.py` first."""
