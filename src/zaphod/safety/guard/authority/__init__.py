"""What a model may have done, decided outside the model. Read `authority.py` first."""
