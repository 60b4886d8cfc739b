"""What lasts: SQLite behind one door, and the rows of flows, inquiries and approvals."""

from daemon.store.database import Database, Durability, Migration, Worker

__all__ = ["Database", "Durability", "Migration", "Worker"]
