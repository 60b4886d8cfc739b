"""What the client shows: from values to text, each a pure function."""
