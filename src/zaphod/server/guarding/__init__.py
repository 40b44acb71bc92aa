"""What goes in and out of the server, judged, told and written down. Read `conversation.py` first."""
