"""How well the index finds: nDCG@10 on public collections, through the real thing.

`python -m tests.eval.retrieval DATA` with the directory that has `retrieval/` in it.
"""

import contextlib
import csv
import json
import math
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.config import Paths
from daemon.index import Index, IndexWriter, ParsedDocument, ParsedPassage
from daemon.models.minilm import MiniLM
from daemon.protocol.values import (
    Digest,
    SourceKind,
    Timestamp,
)
from tests.bench.table import Row
from tests.support.model import model_directory

DEPTH = 10


@dataclass(frozen=True, slots=True)
class Text:
    id: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Asked:
    question: str
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    aim: float
    language: str
    texts: list[Text]
    asked: list[Asked]


def rows(data: Path | None) -> list[Row]:
    """One for each collection, each in an index of its own; none without the collections."""
    if data is None:
        return []
    embedder = MiniLM.load(model_directory())
    result = []
    for collection in collections(data / "retrieval"):
        found = evaluate(collection, embedder)
        result.append(
            Row(
                what=f"{collection.name}: nDCG@{DEPTH}",
                figure=f"{found:.3f}",
                aim=f"≥ {collection.aim:.2f}",
                ratio=f"{found / collection.aim:.2f}",
                met=found >= collection.aim,
            )
        )
    return result


def evaluate(collection: Collection, embedder: MiniLM) -> float:
    """The mean nDCG of its questions."""
    with indexed(collection, embedder) as index:
        found = [
            ndcg([hit.path for hit in index.search(one.question, k=DEPTH)], one.relevant)
            for one in collection.asked
        ]
    return sum(found) / len(found)


@contextlib.contextmanager
def indexed(collection: Collection, embedder: MiniLM) -> Iterator[Index]:
    """Its texts, each a document of one passage, in an index of their own."""
    with tempfile.TemporaryDirectory() as home:
        paths = Paths.from_environment({"HOME": home})
        with IndexWriter.open(paths, embedder) as writer:
            source = writer.add_source(SourceKind.DOCUMENTS, "/eval", "eval", private=False)
            documents = [_document(text, collection.language) for text in collection.texts]
            writer.put_many(source.id, documents)
        with contextlib.closing(Index.open(paths, embedder)) as index:
            yield index


def ndcg(ranked: list[str], relevant: frozenset[str]) -> float:
    """With binary relevance."""
    gained = sum(_discount(at) for at, id_ in enumerate(ranked[:DEPTH]) if id_ in relevant)
    return gained / sum(_discount(at) for at in range(min(DEPTH, len(relevant))))


def collections(directory: Path) -> Iterator[Collection]:
    yield _cranfield(directory / "cranfield")
    yield from _pira(directory / "pira")
    yield _faquad(directory / "faquad")


def _discount(at: int) -> float:
    return 1 / math.log2(at + 2)


def _document(text: Text, language: str) -> ParsedDocument:
    return ParsedDocument(
        path=text.id,
        title=text.title,
        language=language,
        modified_at=Timestamp("2026-01-01T00:00:00.000Z"),
        size=0,
        mtime_ns=0,
        content_hash=Digest(""),
        passages=(ParsedPassage(place="", text=text.body),),
    )


def _cranfield(directory: Path) -> Collection:
    """The file is no XML: it is read by its tags. A query's id is its position from 1."""
    content = (directory / "cran.all.1400.xml").read_text(encoding="utf-8")
    texts = [
        Text(*(_tag(document, name) for name in ("docno", "title", "text")))
        for document in re.findall(r"<doc>(.*?)</doc>", content, re.DOTALL)
    ]
    queries = (directory / "cran.qry.xml").read_text(encoding="utf-8")
    questions = re.findall(r"<title>(.*?)</title>", queries, re.DOTALL)
    relevant: dict[int, set[str]] = {}
    for line in (directory / "cranqrel.trec.txt").read_text(encoding="utf-8").splitlines():
        query, _, document, grade = line.split()
        if int(grade) > 0:
            relevant.setdefault(int(query), set()).add(document)
    asked = [
        Asked(" ".join(question.split()), frozenset(relevant[number]))
        for number, question in enumerate(questions, 1)
    ]
    return Collection("Cranfield", 0.43, "en", texts, asked)


def _tag(document: str, name: str) -> str:
    match = re.search(f"<{name}>(.*?)</{name}>", document, re.DOTALL)
    return " ".join(match[1].split()) if match else ""


def _pira(directory: Path) -> Iterator[Collection]:
    with (directory / "validation.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    english = _one_each(table, "abstract", "question_en_origin")
    portuguese = _one_each(table, "abstract_translated_pt", "question_pt_origin")
    across = _one_each(table, "abstract", "question_pt_origin")
    yield Collection("Pirá en", 0.90, "en", *english)
    yield Collection("Pirá pt", 0.87, "pt", *portuguese)
    yield Collection("Pirá pt→en", 0.56, "en", *across)


def _one_each(
    table: list[dict[str, str]], body: str, question: str
) -> tuple[list[Text], list[Asked]]:
    ids = {row[body]: str(number) for number, row in enumerate(table)}
    texts = [Text(id_, "", text) for text, id_ in ids.items()]
    return texts, [Asked(row[question], frozenset({ids[row[body]]})) for row in table]


def _faquad(directory: Path) -> Collection:
    articles = json.loads((directory / "train.json").read_text(encoding="utf-8"))["data"]
    texts, asked = [], []
    for article in articles:
        for number, paragraph in enumerate(article["paragraphs"]):
            id_ = f"{article['title']}#{number}"
            texts.append(Text(id_, article["title"], paragraph["context"]))
            asked += [Asked(qa["question"], frozenset({id_})) for qa in paragraph["qas"]]
    return Collection("FaQuAD", 0.92, "pt", texts, asked)


if __name__ == "__main__":
    for row in rows(Path(sys.argv[1])):
        print(f"{row.what:24} {row.figure:>8} {row.aim:>8} {'met' if row.met else 'MISSED'}")
