"""The reasoner without a model on the sample: right answers, honest silence, found runbooks."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from daemon.protocol.values import ReplyType
from daemon.reasoner import Decision, DecisionRequest
from daemon.reasoner.offline import OfflineReasoner
from tests.bench.table import Row
from tests.support.sample import SAMPLE, Search, questions, search_in

# About nine in ten answered, one in eight wrongly: a person sees the citation either way.
ANSWERED, WRONG, KEPT_SILENT, PLANNED = 0.85, 0.06, 0.85, 0.85


def rows(data: Path | None) -> list[Row]:
    with tempfile.TemporaryDirectory() as home:
        return measured(search_in(Path(home)))


def measured(search: Search) -> list[Row]:
    asked = questions()
    reasoner = OfflineReasoner(None)
    answers = [(one, decide(reasoner, search, one)) for one in asked["answerable"]]
    silences = [decide(reasoner, search, one) for one in asked["unanswerable"]]
    tasks = [(one, decide(reasoner, search, one)) for one in asked["tasks"]]
    right = sum(_says(found, one["contains"]) for one, found in answers)
    wrong = sum(found.enough and not _says(found, one["contains"]) for one, found in answers)
    silent = sum(not found.enough for found in silences)
    planned = sum(_plans(found, one) for one, found in tasks)
    return [
        _row("offline: answerable, right", right, len(answers), ANSWERED),
        _row("offline: answerable, wrong", wrong, len(answers), WRONG, below=True),
        _row("offline: unanswerable, says so", silent, len(silences), KEPT_SILENT),
        _row("offline: tasks, right runbook", planned, len(tasks), PLANNED),
    ]


def decide(reasoner: OfflineReasoner, search: Search, one: dict[str, Any]) -> Decision:
    """What the offline reasoner says to a question or request of the sample."""
    text = one.get("question") or one["request"]
    request = DecisionRequest(text, one["language"], search(text))
    return asyncio.run(reasoner.decide(request)).decision


def _says(found: Decision, words: str) -> bool:
    right = found.enough and found.type is ReplyType.ANSWER
    return right and words.lower() in found.answer.lower()


def _plans(found: Decision, one: dict[str, Any]) -> bool:
    """The plan is the code below that very heading, letter by letter."""
    text = (SAMPLE / one["file"]).read_text(encoding="utf-8")
    section = text.split(f"## {one['heading']}\n", 1)[1].split("\n## ", 1)[0]
    return bool(found.plan) and all(
        f"```bash\n{step.script}\n```" in section for step in found.plan
    )


def _row(what: str, count: int, of: int, aim: float, *, below: bool = False) -> Row:
    met = count <= aim * of if below else count >= aim * of
    return Row(what, f"{count} of {of}", f"{'≤' if below else '≥'} {aim:.0%}", met=met)
