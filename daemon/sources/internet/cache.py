"""Pages that were read a short while ago, so that they are not fetched again."""

import contextlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from daemon.config import private_directory
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.sources.internet.pages import Page
from daemon.store.clock import timestamp
from daemon.store.database import Database, Migration

T = TypeVar("T")

MAX_BYTES: Final = 64 * 1024 * 1024
"""Of pages kept, as text; the oldest go first."""

_MIGRATIONS: Final = (
    Migration(
        1,
        "pages by address",
        """
        CREATE TABLE page (
            url TEXT PRIMARY KEY,
            page TEXT NOT NULL,
            size INTEGER NOT NULL,
            retrieved_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX page_by_age ON page (retrieved_at);
        """,
    ),
)


class PageCache:
    """One file that may be thrown away at any time. Blocking; safe to use from threads."""

    def __init__(self, file: Path, max_age_s: float, max_bytes: int = MAX_BYTES) -> None:
        self._file = file
        self._max_age = timedelta(seconds=max_age_s)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._database: Database | None = None

    def get(self, url: str) -> Page | None:
        """None also for one that is too old."""
        if not self._max_age or (self._database is None and not self._file.exists()):
            return None
        found = self._do(
            lambda db: db.value(
                "SELECT page FROM page WHERE url = ? AND retrieved_at > ?", (url, self._oldest())
            )
        )
        with contextlib.suppress(codec.Malformed, codec.Invalid):
            return None if found is None else codec.decode(found, Page)
        return None

    def put(self, page: Page) -> None:
        if self._max_age:
            encoded = codec.encode(page).decode()
            self._do(lambda db: self._put(db, page, encoded))

    def close(self) -> None:
        with self._lock:
            self._close()

    def _put(self, db: Database, page: Page, encoded: str) -> None:
        with db.transaction():
            db.run("DELETE FROM page WHERE retrieved_at <= ?", (self._oldest(),))
            db.run(
                "INSERT OR REPLACE INTO page (url, page, size, retrieved_at) VALUES (?, ?, ?, ?)",
                (page.url, encoded, len(encoded), page.retrieved_at),
            )
            db.run(
                "DELETE FROM page WHERE url IN (SELECT url FROM (SELECT url, sum(size) OVER"
                " (ORDER BY retrieved_at DESC, url) AS total FROM page) WHERE total > ?)",
                (self._max_bytes,),
            )

    def _oldest(self) -> str:
        return timestamp(datetime.now(UTC) - self._max_age)

    def _do(self, work: Callable[[Database], T]) -> T | None:
        """None where the file cannot be used: a cache that fails is one that is empty."""
        with self._lock:
            try:
                return work(self._opened())
            except OSError:
                return None
            except AlvoError as error:
                self._close()
                if error.type in (errors.STORE_DAMAGED, errors.STORE_NEWER):
                    self._throw_away()
                return None

    def _opened(self) -> Database:
        if self._database is None:
            private_directory(self._file.parent)
            self._database = Database.open(self._file, _MIGRATIONS)
        return self._database

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _throw_away(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._file}{suffix}").unlink(missing_ok=True)
