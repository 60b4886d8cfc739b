"""The process that visits one database once: it starts in milliseconds, and can be killed."""
