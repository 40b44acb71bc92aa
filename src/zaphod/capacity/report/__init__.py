"""A plan as people and programs read it: table, JSON, CSV, Markdown, pictures and one page. Read `content.py` first."""
