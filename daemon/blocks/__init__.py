"""The three blocks: from a flow as it is to what it comes to next."""
