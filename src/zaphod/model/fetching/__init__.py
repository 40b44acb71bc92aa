"""Where models come from: references as users write them, the Hugging Face Hub, Grok-1's torrent."""
