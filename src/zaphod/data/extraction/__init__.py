"""Text out of what it was written in: HTML, manual pages, Info files, plain text."""
