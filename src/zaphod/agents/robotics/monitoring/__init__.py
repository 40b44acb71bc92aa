"""What watches a plan being carried out."""
