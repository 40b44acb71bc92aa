"""What can be asked: a model in memory, and a server in OpenAI's format."""
