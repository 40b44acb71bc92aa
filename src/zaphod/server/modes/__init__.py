"""How the model speaks: modes as data. `modes.toml` is the file to read first."""
