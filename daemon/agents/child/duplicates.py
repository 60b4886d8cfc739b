"""Passages that were there before, word by word or nearly so: MinHash over shingles, in linear time."""

import hashlib
import zlib
from typing import TYPE_CHECKING, Any, Final

from daemon.index.language import words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Shingles = NDArray[np.uint32]
else:
    Shingles = Any

ALIKE: Final = 0.8
"""The share of common shingles (Jaccard) from which two passages are one."""
_SHINGLE: Final = 4
_FEWEST_WORDS: Final = 12
"""Shorter passages are only compared as a whole: one word makes another fact of them."""
_BANDS: Final = 16
_ROWS: Final = 4
"""64 hashes: two passages of which 80 % are alike meet in some band with a chance of .9998."""
_DIGEST: Final = 12
_MOST_IN_BUCKET: Final = 4
"""So that a text made to collide costs no more than any other."""


class Duplicates:
    """Remembers every passage that was new."""

    def __init__(self) -> None:
        import numpy as np

        random = np.random.default_rng(0)
        hashes = _BANDS * _ROWS
        self._factors = random.integers(1, 2**63, size=(hashes, 1), dtype=np.uint64) | np.uint64(1)
        self._terms = random.integers(0, 2**63, size=(hashes, 1), dtype=np.uint64)
        self._exact: set[bytes] = set()
        self._shingles: list[Shingles] = []
        self._buckets: dict[bytes, tuple[int, ...]] = {}

    def seen(self, text: str, asked: bytes = b"") -> bool:
        """Whether it is one of those before; if not, it is one from now on. `asked`: what `digest`
        gives of the question that it answers; those of another question are never the same.
        """
        found = words(text)
        exact = _hashed(asked, " ".join(found).encode())
        if exact in self._exact:
            return True
        self._exact.add(exact)
        return len(found) >= _FEWEST_WORDS and self._nearly_seen(found, asked)

    def _nearly_seen(self, found: list[str], asked: bytes) -> bool:
        import numpy as np

        ends = range(len(found) - _SHINGLE + 1)
        hashed = [zlib.crc32(" ".join(found[at : at + _SHINGLE]).encode()) for at in ends]
        shingles = np.unique(np.array(hashed, dtype=np.uint32))
        # Multiply and shift, on purpose beyond 64 bits.
        signature = ((self._factors * shingles + self._terms) >> np.uint64(32)).min(axis=1)
        keys = [
            _hashed(asked, bytes((band,)), signature[band * _ROWS : (band + 1) * _ROWS].tobytes())
            for band in range(_BANDS)
        ]
        met = {one for key in keys for one in self._buckets.get(key, ())}
        if any(_alike(shingles, self._shingles[one]) for one in met):
            return True
        # One number for all of its buckets, and no more around it than a tuple: there are millions.
        number = (len(self._shingles),)
        self._shingles.append(shingles)
        for key in keys:
            bucket = self._buckets.get(key, ())
            if len(bucket) < _MOST_IN_BUCKET:
                self._buckets[key] = bucket + number if bucket else number
        return False


def digest(text: str) -> bytes:
    """Of its words alone."""
    return _hashed(" ".join(words(text)).encode())


def _hashed(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"\0".join(parts), digest_size=_DIGEST).digest()


def _alike(one: Shingles, other: Shingles) -> bool:
    import numpy as np

    common = len(np.intersect1d(one, other, assume_unique=True))
    return common >= ALIKE * (len(one) + len(other) - common)
