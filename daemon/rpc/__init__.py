"""JSON-RPC 2.0 at a Unix socket: place and peers, the strict door, dispatch, the handlers."""
