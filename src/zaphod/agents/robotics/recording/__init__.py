"""What happened, kept and answered for."""
