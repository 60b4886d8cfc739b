"""The bridge between HTTP and the daemon's socket, and the interface that it serves."""
