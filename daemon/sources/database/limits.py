"""How much one visit to a person's database may take."""

from dataclasses import dataclass
from typing import Final

from daemon.config import DatabaseSettings

ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """`timeout_s`: of one query. `rows`, `bytes`: of its answer. `memory_bytes`: of its child."""

    timeout_s: float
    rows: int
    bytes: int
    memory_bytes: int

    @staticmethod
    def of(settings: DatabaseSettings, rows: int = ROWS) -> "DatabaseLimits":
        return DatabaseLimits(settings.timeout_s, rows, settings.max_bytes, settings.memory_bytes)
