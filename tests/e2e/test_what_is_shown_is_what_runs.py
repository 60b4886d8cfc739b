"""Story: the script on the screen, unescaped, is byte for byte what bash gets (P5)."""

import re
import shlex
import subprocess

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from client.screens.inquiry import inquiry_screen
from client.terminal import Paint
from client.words import Words
from daemon.protocol import codec
from daemon.protocol.escape import unescape
from daemon.protocol.values import Inquiry
from tests.support.daemon import Home

_LINE = re.compile(r"^(?: *(\d+)|   ↪) │ (.*)$")
# A command takes no NUL; half a character is no text.
ANY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=80)


def script_of(screen: str) -> str:
    """What a person reads between the bars, with each escape undone."""
    lines = list[str]()
    for number, text in (found.groups() for found in map(_LINE.match, screen.split("\n")) if found):
        if number:
            lines.append(text)
        else:
            lines[-1] += text
    return "\n".join(map(unescape, lines))


@pytest.mark.slow
def test_whatever_it_is_what_was_read_is_what_ran(home: Home) -> None:
    home.start()
    rpc = home.rpc()
    ran, read = home.home / "ran", home.home / "read"

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ANY)
    @example("a\u202e\u200b\x1b[2J\r\nb\t<U+202E>\\\u2028\x7f\ufeff\U000e0041")
    @example(" trailing \n\n")
    def whatever(text: str) -> None:
        script = f"printf %s {shlex.quote(text)}"
        flow = rpc("flow.start", question=f"!{script} > ran", cwd=str(home.home))
        inquiry = rpc.inquiry(flow["id"])
        value = codec.from_builtins(inquiry, Inquiry)
        shown = script_of(inquiry_screen(value, Words("en"), Paint(colour=False), 80))
        rpc.allow(inquiry)
        assert rpc.follow(flow["id"], {"executed", "failed"})["status"] == "executed"
        again = shown.removesuffix("> ran") + "> read"
        subprocess.run(["/bin/bash", "-c", again], cwd=home.home, check=True)
        assert ran.read_bytes() == read.read_bytes() == text.encode()

    with rpc:
        whatever()
