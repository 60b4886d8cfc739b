"""What turns text into vectors: the promise every embedder keeps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
else:
    # Loading numpy takes longer than starting the daemon: only who embeds does it.
    Vectors = Any


class Embedder(Protocol):
    """Blocking and thread-safe. Vectors have unit length.

    `name` stands for the model and its weights: vectors of two names are never compared.
    """

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def remote(self) -> bool:
        """Whether what is embedded leaves this machine: then private sources are not."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """One row for each text."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """One vector, of shape (dimensions,)."""
        ...

    def close(self) -> None:
        """Lets go of connections; a later call opens them again."""
        ...


@runtime_checkable
class WordPieces(Protocol):
    """An embedder that can say where the pieces lie that it counts its input in."""

    def piece_spans(self, text: str) -> list[tuple[int, int]]:
        """Start and end of each piece in `text`, in characters."""
        ...
