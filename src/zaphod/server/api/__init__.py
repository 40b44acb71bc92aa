"""The routes and what they speak: OpenAI's and Anthropic's formats. `turns.py` is the file to read first."""
