"""Questions about rows, said in SQL without a model."""

from daemon.reasoner.sql.writer import write

__all__ = ["write"]
