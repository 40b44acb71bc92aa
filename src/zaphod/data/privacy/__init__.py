"""What points to a person is taken out of texts before they are learnt from."""
