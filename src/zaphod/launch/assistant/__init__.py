"""What surrounds the built-in model: tools that run here, words looked up here, sums checked step by step."""
