"""A linear adapter for the vectors of questions: ridge regression, held near to doing nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daemon.index.retrieval_model import MAX_RANK, Adapter
from daemon.models.embedder import Vectors

_TRUNCATED: Final = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A question's vector, and that of the passage that answers it."""

    asked: Vectors
    answering: Vectors


def fit(examples: Sequence[Example], ridge: float, embedder: str) -> Adapter | None:
    """The change of a question's vector that brings it nearest to its answer's, for the price of
    `ridge` times its own size: what no example speaks of stays as it is. None without examples.
    """
    import numpy as np

    if not examples:
        return None
    asked = np.stack([one.asked for one in examples]).astype(np.float64)
    answering = np.stack([one.answering for one in examples]).astype(np.float64)
    # Through the examples instead of the dimensions: there are fewer of them.
    inner = asked @ asked.T + ridge * np.eye(len(examples))
    change = np.linalg.solve(inner, answering - asked)
    first, first_rest = np.linalg.qr(asked.T)
    second, second_rest = np.linalg.qr(change.T)
    left, sizes, right = np.linalg.svd(first_rest @ second_rest.T)
    rank = min(MAX_RANK, int((sizes > _TRUNCATED * max(1.0, sizes[0])).sum()))
    if rank == 0:
        return None
    root = np.sqrt(sizes[:rank])
    return Adapter(
        embedder,
        np.ascontiguousarray(first @ left[:, :rank] * root, dtype=np.float32),
        np.ascontiguousarray((second @ right[:rank].T * root).T, dtype=np.float32),
    )
