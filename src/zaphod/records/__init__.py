"""What is kept for tenants, in SQLite or PostgreSQL, and the duties towards whom it is about. First: `store.py`."""
