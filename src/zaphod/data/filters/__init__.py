"""Which documents are worth learning from: language, addresses, and published rules of quality and repetition."""
