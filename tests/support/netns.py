"""A small internet of its own: public addresses that lead to our server, and the real curl inside.

`python -m tests.support.netns LOG` is the inside: it gives the loopback device public addresses and
serves on them. The outside enters it for curl alone. Where a kernel or a container gives nobody a
network namespace, curl is told to connect to the server on this machine's loopback instead.
"""

import contextlib
import fcntl
import json
import os
import shlex
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ADDRESS = "93.184.216.34"
OTHER_ADDRESS = "151.101.1.67"
PORTS = (80, 8080)
ROOT = Path(__file__).parents[2]

_SIOCSIFADDR = 0x8916
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


@dataclass(frozen=True, slots=True)
class Net:
    """`environ`: its PATH leads to a curl that sees this internet alone. `inside`: a real namespace."""

    folder: Path
    inside: bool

    @property
    def environ(self) -> Mapping[str, str]:
        return {"PATH": str(self.folder / "bin")}

    def requests(self) -> list[dict[str, Any]]:
        """What the server was asked, in order: path, host, headers, address."""
        lines = (self.folder / "requests").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def calls(self) -> list[list[str]]:
        """The arguments of every curl that was started."""
        runs = (self.folder / "arguments").read_text(encoding="utf-8").split("\0\n")
        return [run.split("\0") for run in runs if run]

    def environments(self) -> str:
        """The environment variables that the last curl was given."""
        return (self.folder / "environment").read_text(encoding="utf-8")


@contextlib.contextmanager
def a_net(folder: Path) -> Iterator[Net]:
    for name in ("requests", "arguments"):
        (folder / name).touch()
    inside = next((way for way in (["-n"], ["-r", "-n"]) if _works(way)), None)
    command = [sys.executable, "-m", "tests.support.netns", str(folder / "requests")]
    if inside is not None:
        command = ["unshare", *inside, "--", *command, "inside"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            _write_curl(folder, process.pid, inside, port)
            yield Net(folder, inside is not None)
        finally:
            process.terminate()


def _works(way: list[str]) -> bool:
    """Whether curl could be started so in a namespace that another process made."""
    if not (shutil.which("unshare") and shutil.which("nsenter")):
        return False
    with subprocess.Popen(
        ["unshare", *way, "--", "sh", "-c", "echo ready; read x"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        if not process.stdout.readline():
            return False
        entered = subprocess.run([*_enter(process.pid, way), "true"], check=False)
        process.communicate(b"\n")
        return entered.returncode == 0


def _enter(pid: int, way: list[str]) -> list[str]:
    user = ["-U", "--preserve-credentials"] if "-r" in way else []
    return [str(shutil.which("nsenter")), "-t", str(pid), *user, "-n", "--"]


def _write_curl(folder: Path, pid: int, inside: list[str] | None, port: int) -> None:
    """A curl that notes how it was called, and then is the real one."""
    curl = shutil.which("curl")
    assert curl is not None, "curl is part of what Alvo needs: install it"
    if inside is None:
        start = f"{curl} -q --connect-to ::127.0.0.1:{port}"
    else:
        start = f"{shlex.join(_enter(pid, inside))} {curl} -q"
    script = folder / "bin" / "curl"
    script.parent.mkdir()
    script.write_text(
        "#!/bin/sh\n"
        f"/usr/bin/env > {shlex.quote(str(folder))}/environment\n"
        f"printf '%s\\0' \"$@\" >> {shlex.quote(str(folder))}/arguments\n"
        f"echo >> {shlex.quote(str(folder))}/arguments\n"
        # -q has to be the first.
        '[ "$1" = -q ] && shift || exit 99\n'
        f'exec {start} "$@"\n'
    )
    script.chmod(0o755)


def raise_addresses() -> None:
    """Gives the loopback device of this namespace its public addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for name, address in (("lo", "127.0.0.1"), ("lo:1", ADDRESS), ("lo:2", OTHER_ADDRESS)):
            wanted = struct.pack(
                "16sH2x4s8x", name.encode(), socket.AF_INET, socket.inet_aton(address)
            )
            fcntl.ioctl(control, _SIOCSIFADDR, wanted)
            flags = struct.pack("16sh14x", name.encode(), 0)
            (now,) = struct.unpack("16xh14x", fcntl.ioctl(control, _SIOCGIFFLAGS, flags))
            fcntl.ioctl(
                control, _SIOCSIFFLAGS, struct.pack("16sh14x", name.encode(), now | _IFF_UP)
            )


def main() -> None:
    from tests.support.pages_server import serve

    log, inside = Path(sys.argv[1]), len(sys.argv) > 2
    if inside:
        raise_addresses()
    serve(log, [("", port) for port in PORTS] if inside else [("127.0.0.1", 0)])


if __name__ == "__main__":
    os.environ.clear()
    main()
