"""`alvo-embed` run as a program, in directories of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def result(self) -> dict[str, Any]:
        return self.events[-1]


class EmbedTool:
    """Without an embedder unless the environment says otherwise: most promises need none."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home / "home"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "LANG": "en_US.UTF-8",
            "ALVO_EMBEDDER_KIND": "none",
        }

    def run(self, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> Ran:
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment | dict(environment or {}),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def json(self, *arguments: str | Path, **environment: str) -> dict[str, Any]:
        """The last object of a run that must succeed."""
        ran = self.run(*arguments, "--json", environment=environment)
        assert ran.status == 0, ran
        return ran.result

    def crash(self, point: str, *arguments: str | Path) -> None:
        """A run that dies at a named point as by kill -9."""
        ran = self.run(*arguments, environment={"ALVO_CRASH_AT": point})
        assert ran.status == -signal.SIGKILL, ran

    def start(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def command(*arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "embed_tool", *map(str, arguments)]

    def found(self, query: str) -> list[str]:
        """The names of the files that a search finds, best first."""
        ran = self.run("search", "--json", query)
        return [Path(hit["path"]).name for hit in ran.result.get("hits", [])]
