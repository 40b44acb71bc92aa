"""What a model is made of, as far as it costs memory and time."""
