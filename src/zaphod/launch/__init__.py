"""From a model's name to an engine in memory. `models.load_model` is the way in."""
