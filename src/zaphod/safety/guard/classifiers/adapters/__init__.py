"""Finders over models and libraries that the user has: Detoxify, Prompt Guard, Llama Guard, Presidio. No network."""
