"""How likely a document is about a topic: similarity of embeddings, turned into a probability by labelled examples."""
