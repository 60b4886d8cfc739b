"""Questions about rows, said in SQL without a model."""

from daemon.reasoner.sql.linking import asks_for_rows
from daemon.reasoner.sql.writer import write

__all__ = ["asks_for_rows", "write"]
