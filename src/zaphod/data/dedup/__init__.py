"""The same text only once: equal documents, similar documents, and passages that stand in several."""
