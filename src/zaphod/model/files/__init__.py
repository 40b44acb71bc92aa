"""How models lie in files: names, settings and layouts of each format, into ours and back; no PyTorch."""
