"""Ways of writing one text so that a filter may not see what it says and a model still may."""
