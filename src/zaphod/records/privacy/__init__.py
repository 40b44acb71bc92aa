"""What is owed to the people whom records are about. `office.py` is the file to read first."""
