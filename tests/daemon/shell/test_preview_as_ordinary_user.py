"""Previews as the person makes them: a user without privileges, in a namespace of the kernel's leave."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ordinary_user import ROOT, run_as_ordinary_user
from tests.support.preview import needs_preview

FORBIDDEN = """
import asyncio, sys
from pathlib import Path
from daemon.protocol.errors import AlvoError
from tests.support.engine import an_engine

async def story():
    async with an_engine(Path(sys.argv[1])) as held:
        flow = await held.start("!touch made")
        asked = await held.inquiry(flow.id)
        try:
            await held.engine.preview(asked.id)
        except AlvoError as error:
            print(error.type.name, error.blanks["reason"])
        await held.allow(asked)
        print((await held.reaches(flow.id)).status)

asyncio.run(story())
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """Where another user may go, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="alvo-u-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def run_tests(place: Path, *chosen: str) -> None:
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider"]
    done = run_as_ordinary_user([*command, f"--basetemp={place}/base", *chosen], place)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "makes no previews" not in done.stdout
    assert " passed" in done.stdout


@needs_preview
@pytest.mark.slow
def test_an_ordinary_users_preview_lists_what_the_real_run_then_does(place: Path) -> None:
    run_tests(
        place,
        "tests/daemon/shell/test_preview.py",
        "-k",
        "not limits and not changes_than and not holes",
    )


@needs_preview
@pytest.mark.slow
def test_an_ordinary_user_previews_applies_and_undoes(place: Path) -> None:
    killed = "test_killed_at_any_point_it_is_never_half"
    run_tests(
        place,
        "tests/e2e/test_previews.py",
        "tests/daemon/flow/test_previews.py",
        "tests/daemon/flow/test_previews_exactly.py",
        *("-k", f"not {killed} or (apply-written or undo-written)"),
    )


@pytest.mark.skipif(shutil.which("unshare") is None, reason="util-linux is missing")
def test_where_the_kernel_forbids_user_namespaces_it_says_so_and_all_else_works(
    tmp_path: Path,
) -> None:
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    entering = ["unshare", "--user", "--map-root-user"]
    done = subprocess.run(
        [*entering, "/bin/sh", "-c", forbid, "sh", sys.executable, "-c", FORBIDDEN, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr:
        pytest.skip("there is no user namespace to forbid others in")
    said, *_, ended = done.stdout.splitlines()
    assert said.startswith("PREVIEW_UNAVAILABLE it gives this user no user namespace; "), (
        done.stderr
    )
    assert ended == "executed"
    assert (tmp_path / "made").exists()
