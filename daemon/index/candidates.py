"""Finding candidates in the database: the first of the keywords, the first of the vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daemon.index.hybrid import (
    BODY,
    BODY_STEM,
    DEPTH,
    TITLE,
    TITLE_STEM,
    Candidate,
    Query,
    Statistics,
)
from daemon.index.language import words
from daemon.index.schema import (
    MAX_WINDOWS,
    STEM_MARK,
    WINDOW_BITS,
    is_agent,
    owner_of,
    passage_of,
    passage_range,
    vectors_of,
    window_ids,
)
from daemon.index.storing import full_title
from daemon.models.embedder import Vectors
from daemon.store import Database

MATCH_BUDGET: Final = 12_000
"""How many rows a keyword search may rank: the rarest words fill it. Words left out for speed
still count in the exact score of each candidate."""

_MOST_TERMS: Final = 64
"""Of a question as long as a page, the rarest."""

_MOST_WINDOWS, _LEAST_WINDOWS = 150, 30
_WINDOW_BUDGET: Final = 3_000_000
"""The cost of a vector search grows with how many it is asked for times how many there are."""

_MARGIN: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Within:
    """What is searched: one owner's passages, in documents whose path begins so."""

    owner: int
    prefix: str | None = None


def by_keywords(db: Database, query: Query, statistics: Statistics, within: Within) -> list[int]:
    """Passages, best first, ranked by as many of the terms as the budget allows."""
    terms = _affordable(query, statistics)
    if not terms:
        return []
    if is_agent(within.owner):
        return _by_words_of_agent(db, terms, statistics, within)
    match = " OR ".join(f'"{term}"' for term in terms)
    lowest, highest = passage_range(within.owner)
    columns = f"keyword, {TITLE}, {BODY}, {TITLE_STEM}, {BODY_STEM}"
    if within.prefix is None:
        sql = (
            "SELECT rowid FROM keyword WHERE keyword MATCH ? AND rowid BETWEEN ? AND ?"
            f" ORDER BY bm25({columns}) LIMIT {DEPTH}"
        )
        return [id_ for (id_,) in db.all(sql, (match, lowest, highest))]
    sql = (
        "SELECT keyword.rowid FROM keyword CROSS JOIN passage ON passage.id = keyword.rowid"
        " JOIN document ON document.id = document_id"
        " WHERE keyword MATCH ? AND keyword.rowid BETWEEN ? AND ? AND path >= ? AND path < ?"
        f" ORDER BY bm25({columns}) LIMIT {DEPTH}"
    )
    bounds = (within.prefix, within.prefix + _MARGIN)
    return [id_ for (id_,) in db.all(sql, (match, lowest, highest, *bounds))]


def _by_words_of_agent(
    db: Database, terms: list[str], statistics: Statistics, within: Within
) -> list[int]:
    """By which terms a passage has, the rare ones first: for what costs its own passages alone,
    where BM25 in the database would count every agent's.
    """
    bounds = passage_range(within.owner)
    scores = dict[int, float]()
    for term in terms:
        weight = statistics.weight(term) * (BODY_STEM if term.startswith(STEM_MARK) else BODY)
        sql = (
            "SELECT rowid FROM agent_keyword WHERE agent_keyword MATCH ? AND rowid BETWEEN ? AND ?"
        )
        for (id_,) in db.all(sql, (f'"{term}"', *bounds)):
            scores[id_] = scores.get(id_, 0.0) + weight
    if within.prefix is not None:
        sql = (
            "SELECT passage.id FROM passage JOIN document ON document.id = document_id"
            " WHERE passage.id BETWEEN ? AND ? AND path >= ? AND path < ?"
        )
        below = {id_ for (id_,) in db.rows(sql, (*bounds, within.prefix, within.prefix + _MARGIN))}
        scores = {id_: score for id_, score in scores.items() if id_ in below}
    return sorted(scores, key=lambda id_: (-scores[id_], id_))[:DEPTH]


def _affordable(query: Query, statistics: Statistics) -> list[str]:
    """The rarest terms that are there; one at least, however common."""
    there = [term for term in query.terms() if statistics.frequency[term]]
    there.sort(key=statistics.frequency.__getitem__)
    chosen: list[str] = []
    spent = 0
    for term in there[:_MOST_TERMS]:
        spent += statistics.frequency[term]
        if chosen and spent > MATCH_BUDGET:
            break
        chosen.append(term)
    return chosen


def by_vectors(db: Database, vector: Vectors, statistics: Statistics, within: Within) -> list[int]:
    """Passages, the nearest first: by their nearest window."""
    affordable = _WINDOW_BUDGET // max(1, statistics.passages)
    k = max(_LEAST_WINDOWS, min(_MOST_WINDOWS, affordable))
    table = vectors_of(within.owner)
    sql = f"SELECT rowid FROM {table} WHERE embedding MATCH ? AND k = ? AND owner = ?"
    params: list[object] = [vector.tobytes(), k, within.owner]
    if within.prefix is not None:
        sql += (
            " AND rowid IN (WITH RECURSIVE step (n) AS"
            f" (SELECT 0 UNION ALL SELECT n + 1 FROM step WHERE n < {MAX_WINDOWS - 1})"
            f" SELECT (passage.id << {WINDOW_BITS}) + n FROM document"
            " JOIN passage ON document_id = document.id JOIN step ON n < windows"
            " WHERE path >= ? AND path < ?)"
        )
        params += [within.prefix, within.prefix + _MARGIN]
    windows = db.all(f"{sql} ORDER BY distance", params)
    return list(dict.fromkeys(passage_of(id_) for (id_,) in windows))[:DEPTH]


def nearest(db: Database, vector: Vectors, owner: int, k: int) -> dict[str, float]:
    """By path the cosine of each document's nearest window, among the `k` nearest windows."""
    rows = db.all(
        "SELECT rowid, distance FROM vector WHERE embedding MATCH ? AND k = ? AND owner = ?"
        " ORDER BY distance",
        (vector.tobytes(), k, owner),
    )
    found: dict[str, float] = {}
    for window, distance in rows:
        path = db.value(
            "SELECT path FROM passage JOIN document ON document.id = document_id"
            " WHERE passage.id = ?",
            (passage_of(window),),
        )
        # Of unit vectors, from their distance.
        found.setdefault(path, 1 - distance**2 / 2)
    return found


def load(db: Database, ids: Sequence[int]) -> tuple[list[Candidate], dict[int, int]]:
    """The passages, in that order, and how many windows each has."""
    marks = ",".join("?" * len(ids))
    rows = db.all(
        "SELECT passage.id, title, heading, text, language, length, windows, document_id FROM passage"
        f" JOIN document ON document.id = document_id WHERE passage.id IN ({marks})",
        ids,
    )
    titles = {row[1] for row in rows}
    works: dict[str, int] = {}
    found: dict[int, tuple[Candidate, int]] = {}
    for id_, title, heading, text, of, length, windows, document in rows:
        one = Candidate(id_, words(full_title(title, heading)), words(text), of, length)
        # A title that all have tells nothing apart.
        one.work = works.setdefault(title, document) if title and len(titles) > 1 else document
        found[id_] = one, windows
    candidates = [found[id_][0] for id_ in ids if id_ in found]
    return candidates, {one.id: found[one.id][1] for one in candidates}


def score_vectors(
    db: Database, vector: Vectors, candidates: Sequence[Candidate], windows: dict[int, int]
) -> None:
    """The cosine of every candidate's best window, also of those that only the keywords found."""
    of, vectors = read_windows(db, candidates, windows)
    if vectors is None:
        return
    cosines = vectors @ vector
    for at, candidate, cosine in zip(range(len(of)), of, cosines.tolist(), strict=True):
        if candidate.cosine is None:
            candidate.cosine, candidate.vector = cosine, vectors[at]
        candidate.cosine = max(candidate.cosine, cosine)


def read_windows(
    db: Database, candidates: Sequence[Candidate], windows: dict[int, int]
) -> tuple[list[Candidate], Vectors | None]:
    """The vectors of all windows of all candidates, in order, and whose each is."""
    import numpy as np

    # One by one: vec0 scans the whole table for `rowid IN`, and finds a single one at once.
    found = [
        (candidate, row[0])
        for candidate in candidates
        for id_ in window_ids(candidate.id, windows[candidate.id])
        if (row := db.one(_one_vector(candidate.id), (id_,)))
    ]
    if not found:
        return [], None
    vectors = np.frombuffer(b"".join(bytes_ for _, bytes_ in found), dtype=np.float32)
    return [candidate for candidate, _ in found], vectors.reshape(len(found), -1)


def window_vectors(db: Database, passage: int, windows: int) -> Vectors | None:
    """Of one passage, in order; None where it has none."""
    import numpy as np

    sql = _one_vector(passage)
    rows = [row for id_ in window_ids(passage, windows) if (row := db.one(sql, (id_,)))]
    if not rows:
        return None
    return np.frombuffer(b"".join(row[0] for row in rows), dtype=np.float32).reshape(len(rows), -1)


def _one_vector(passage: int) -> str:
    return f"SELECT embedding FROM {vectors_of(owner_of(passage))} WHERE rowid = ?"


def first_vectors(db: Database, passages: Sequence[int]) -> Vectors | None:
    """The first window of each passage; None where one has none."""
    import numpy as np

    found = [one[0] for id_ in passages if (one := window_vectors(db, id_, 1)) is not None]
    return np.stack(found) if found and len(found) == len(passages) else None
