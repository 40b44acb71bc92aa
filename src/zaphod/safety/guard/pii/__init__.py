"""Personal data and secrets in texts: found by structure, checksum and context, and replaced reversibly."""
