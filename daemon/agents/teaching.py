"""What the model adds to a training, where there is one that may: the profile, and questions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.protocol.agents import AgentProfile
from daemon.store.agents import StoredAgent, StoredVersion

_ASKED: Final = "asked.jsonl"


@dataclass(frozen=True, slots=True)
class Given:
    """Null: not from a model; then the training finds it in the data itself."""

    profile: AgentProfile | None = None
    asked: Path | None = None


class Lessons:
    async def give(self, agent: StoredAgent, version: StoredVersion, work: Path) -> Given:
        del agent, version, work
        return Given()

    @staticmethod
    def file(work: Path) -> Path:
        return work / _ASKED
