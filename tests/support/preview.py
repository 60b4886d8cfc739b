"""Whether this machine can make previews, and what a test does with one."""

import asyncio
import functools
import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from daemon.protocol.calls import AnswerInquiry
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import AnswerDecision, Inquiry
from daemon.shell.preview import Surroundings, tried
from daemon.shell.preview_files import FileState, look
from daemon.shell.preview_limits import Limits
from tests.support.engine import Held

LIMITS: Final = Limits(time_s=10.0)


def around(home: Path, *hidden: Path) -> Surroundings:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    return Surroundings("/bin/bash", home, hidden, environment)


@functools.cache
def is_possible() -> bool:
    if shutil.which("bwrap") is None:
        return False

    async def attempt() -> bool:
        try:
            async with tried(["true"], "/", around(Path("/usr/share")), LIMITS):
                return True
        except AlvoError:
            return False

    return asyncio.run(attempt())


needs_preview = pytest.mark.skipif(
    not is_possible(),
    reason="this machine makes no previews: bubblewrap or user namespaces are missing",
)


def everything(home: Path) -> dict[bytes, FileState]:
    """Each file below home as it is, without Alvo's own."""
    found = dict[bytes, FileState]()
    root = os.fsencode(home)
    for place, folders, files in os.walk(root):
        if place == root:
            folders[:] = [name for name in folders if name not in (b".local", b".cache", b"run")]
        for name in (*folders, *files):
            path = place + b"/" + name
            found[os.path.relpath(path, root)] = look(path)
    return found


async def previewed(held: Held, question: str) -> Inquiry:
    flow = await held.start(question)
    asked = await held.inquiry(flow.id)
    return await held.engine.preview(asked.id)


def apply(inquiry: Inquiry) -> AnswerInquiry:
    assert inquiry.preview is not None
    return AnswerInquiry(inquiry.id, AnswerDecision.APPLY, inquiry.preview["digest"])
