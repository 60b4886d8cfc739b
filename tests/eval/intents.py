"""Question or instruction: how often the offline classifier is right, in both languages."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from daemon.protocol.values import ReplyType
from daemon.reasoner.intent import IntentClassifier
from tests.bench.table import Row

AIM = 0.95
PORTUGUESE = Path(__file__).with_name("portuguese_intents.tsv")
ENGLISH = Path("intents/utterance_tags_en.csv")

Labelled = tuple[str, ReplyType]


def rows(data: Path | None) -> list[Row]:
    """Portuguese sentences of our own; English utterances where DATA has them."""
    found = [_row("intents, Portuguese (ours, held out)", list(portuguese()))]
    if data is not None and (data / ENGLISH).exists():
        found.append(_row("intents, English (OVOS utterances)", list(english(data / ENGLISH))))
    return found


def portuguese() -> Iterator[Labelled]:
    for line in PORTUGUESE.read_text(encoding="utf-8").splitlines():
        label, _, sentence = line.partition("\t")
        yield sentence, ReplyType.TASK if label == "task" else ReplyType.ANSWER


def english(file: Path) -> Iterator[Labelled]:
    """Statements and exclamations are neither; a `QUESTION:REQUEST` is really an instruction."""
    with file.open(encoding="utf-8", newline="") as lines:
        for tag, *sentence in csv.reader(lines):
            kind = tag.partition(":")[0]
            if kind in {"QUESTION", "COMMAND"}:
                task = kind == "COMMAND" or tag == "QUESTION:REQUEST"
                yield ",".join(sentence), ReplyType.TASK if task else ReplyType.ANSWER


def accuracy(labelled: Iterable[Labelled]) -> float:
    classifier = IntentClassifier(None)
    right = [classifier.type_of(sentence) is type_ for sentence, type_ in labelled]
    return sum(right) / len(right)


def _row(what: str, labelled: list[Labelled]) -> Row:
    found = accuracy(labelled)
    return Row(what, f"{found:.3f} of {len(labelled)}", f"≥ {AIM}", met=found >= AIM)
