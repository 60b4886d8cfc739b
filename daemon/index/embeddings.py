"""Embeddings kept by text, so that indexing the same text again costs nothing."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from daemon.config import private_directory
from daemon.models.embedder import Embedder, Vectors
from daemon.protocol.errors import STORE_DAMAGED, STORE_NEWER, AlvoError
from daemon.store import Database, Migration

MAX_BYTES: Final = 512 * 1024**2
_BATCH: Final = 500

_MIGRATIONS: Final = (
    Migration(
        1,
        "embeddings by the hash of model and text",
        """
        CREATE TABLE embedding (
            key BLOB PRIMARY KEY, used INTEGER NOT NULL, vector BLOB NOT NULL
        ) STRICT;
        CREATE INDEX embedding_by_use ON embedding (used);
        """,
    ),
)


class EmbeddingCache:
    """An embedder that remembers. It may be lost at any time: it only saves work."""

    def __init__(self, cache_dir: Path, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._db = _open(private_directory(cache_dir) / "embeddings.db")
        # Entries are as old as the run that last used them.
        self._run = 1 + int(self._db.value("SELECT coalesce(max(used), 0) FROM embedding"))

    def embed(self, texts: Sequence[str], embedder: Embedder) -> Vectors:
        """One row for each text, computed only where it is not known."""
        import numpy as np

        keys = [_key(embedder.name, text) for text in texts]
        known = self._known(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            fresh = embedder.embed_passages(list(missing.values()))
            known |= dict(zip(missing, fresh, strict=True))
        self._keep({key: known[key] for key in missing}, known.keys() - missing.keys())
        if not keys:
            return np.empty((0, embedder.dimensions), dtype=np.float32)
        return np.stack([known[key] for key in keys])

    def close(self) -> None:
        """Drops what was not used for longest, down to the size it may have."""
        size, rows = self._db.one("SELECT sum(length(vector)), count(*) FROM embedding") or (0, 0)
        if size and size > self._max_bytes:
            surplus = int(rows * (1 - 0.9 * self._max_bytes / size))
            self._db.run(
                "DELETE FROM embedding WHERE key IN"
                " (SELECT key FROM embedding ORDER BY used LIMIT ?)",
                (surplus,),
            )
        self._db.close()

    def _known(self, keys: list[bytes]) -> dict[bytes, Vectors]:
        import numpy as np

        found: dict[bytes, Vectors] = {}
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            rows = self._db.rows(f"SELECT key, vector FROM embedding WHERE key IN ({marks})", batch)
            found.update((key, np.frombuffer(vector, dtype=np.float32)) for key, vector in rows)
        return found

    def _keep(self, fresh: dict[bytes, Vectors], used: set[bytes]) -> None:
        with self._db.transaction():
            self._db.many(
                "INSERT OR REPLACE INTO embedding VALUES (?, ?, ?)",
                ((key, self._run, vector.tobytes()) for key, vector in fresh.items()),
            )
            self._db.many(
                "UPDATE embedding SET used = ? WHERE key = ? AND used < ?",
                ((self._run, key, self._run) for key in used),
            )


def _key(name: str, text: str) -> bytes:
    return hashlib.blake2b(
        f"{name}\0{text}".encode(errors="surrogatepass"), digest_size=16
    ).digest()


def _open(path: Path) -> Database:
    try:
        return Database.open(path, _MIGRATIONS)
    except AlvoError as error:
        if error.type not in (STORE_DAMAGED, STORE_NEWER):
            raise
    # Nothing in it is not also somewhere else.
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    return Database.open(path, _MIGRATIONS)
