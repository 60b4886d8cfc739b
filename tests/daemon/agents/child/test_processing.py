"""Extracted documents become passages of the agent's own; nothing is left out but what is there twice."""

from collections.abc import Sequence
from pathlib import Path

from daemon.agents.child.processing import process
from daemon.agents.jobs import Bench, Process, Processed
from daemon.config import load_config
from daemon.index.documents import ParsedPassage
from daemon.index.materials import Extracted
from daemon.protocol import codec
from tests.support.agent import OWNER, made_up_texts
from tests.support.index import paths_in


def processed(home: Path, documents: Sequence[Extracted]) -> Processed:
    paths = paths_in(home)
    file = home / "extracted.jsonl"
    file.write_bytes(b"".join(codec.encode(one) + b"\n" for one in documents))
    job = Process(owner=OWNER, name="ann", extracted=str(file), language=None, private=False)
    bench = Bench(paths, load_config(paths, {"HOME": str(home)}), None, lambda _: None)
    return process(job, bench)


def answers(question: str, texts: Sequence[str]) -> Extracted:
    pieces = tuple(ParsedPassage("place", text) for text in texts)
    return Extracted("faq.jsonl:1", "", pieces, question)


def test_of_an_answer_to_a_long_question_every_passage_is_kept(tmp_path: Path) -> None:
    letter = " ".join(f"word{n}" for n in range(2_000))
    done = processed(tmp_path, [answers(letter, made_up_texts(12))])
    assert (done.passages, done.duplicates) == (12, 0)


def test_the_same_answer_serves_two_questions(tmp_path: Path) -> None:
    (text,) = made_up_texts(1)
    asked = [answers("Who?", [text]), answers("Where?", [text]), answers("who", [text])]
    numbered = [
        Extracted(f"faq.jsonl:{n}", one.title, one.passages, one.question)
        for n, one in enumerate(asked)
    ]
    done = processed(tmp_path, numbered)
    assert (done.documents, done.duplicates) == (2, 1)
