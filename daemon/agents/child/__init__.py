"""What a training does in its own process: confined, and with the index as its only way out."""
