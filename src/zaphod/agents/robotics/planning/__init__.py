"""From words to a plan that is proved."""
