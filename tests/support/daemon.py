"""A real daemon in directories of its own, and a plain JSON-RPC client to speak with it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from tests.support.waiting import wait_until

MODELS = Path(sys.prefix) / "models"


class RpcError(Exception):
    """An error reply, as it came."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error)
        self.code: int = error["code"]
        self.name: str = error["data"]["name"]
        self.message: str = error["message"]
        self.data: dict[str, Any] = error["data"]


class Rpc:
    """One connection; one question at a time."""

    def __init__(self, path: Path, client: str = "test", language: str = "en") -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(90)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._file = self._socket.makefile("rb")
        self._id = 0
        self("daemon.hello", client=client, version="0", language=language)

    def __call__(self, method: str, **params: Any) -> Any:
        self._id += 1
        request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        line = self._file.readline()
        if not line:
            raise ConnectionResetError("the daemon is gone")
        reply = json.loads(line)
        if "error" in reply:
            raise RpcError(reply["error"])
        return reply["result"]

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def follow(self, flow_id: str, until: set[str], within: float = 30.0) -> dict[str, Any]:
        """The flow, once its status is one of `until`."""

        def reached() -> dict[str, Any] | None:
            flow: dict[str, Any] = self("flow.get", flow_id=flow_id)
            return flow if flow["status"] in until else None

        found: dict[str, Any] = wait_until(reached, within)
        return found

    def events(self, flow_id: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """All events so far."""
        found = list[dict[str, Any]]()
        given = {} if flow_id is None else {"flow_id": flow_id}
        while events := self("flow.wait", after=after, timeout_s=0, **given)["events"]:
            found += events
            after = events[-1]["seq"]
        return found

    def output(self, flow_id: str) -> str:
        """What the flow's commands printed."""
        return "".join(e["data"]["text"] for e in self.events(flow_id) if e["kind"] == "output")

    def inquiry(self, flow_id: str) -> dict[str, Any]:
        """The inquiry that the flow waits for."""
        flow = self.follow(flow_id, {"waiting"})
        found: dict[str, Any] = self("inquiry.get", inquiry_id=flow["inquiry"])
        return found

    def allow(self, inquiry: dict[str, Any], **more: Any) -> dict[str, Any]:
        answered: dict[str, Any] = self(
            "inquiry.answer",
            inquiry_id=inquiry["id"],
            decision="allow",
            digest=inquiry["digest"],
            **more,
        )
        return answered


class Home:
    """The directories of one imagined person, and the daemon that serves them."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.home = place / "home"
        self.home.mkdir()
        self.socket = place / "run" / "alvo" / "alvo.sock"
        self.environ = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "ALVO_MODELS": str(MODELS),
            "ALVO_REASONER_KIND": "offline",
            "ALVO_EMBEDDER_KIND": "none",
            # A model's replies are scripted in the order of a flow's questions.
            "ALVO_DATABASE_DESCRIBE": "false",
        }
        for name in ("config", "data", "state", "cache", "runtime"):
            variable = "XDG_RUNTIME_DIR" if name == "runtime" else f"XDG_{name.upper()}_HOME"
            directory = place / ("run" if name == "runtime" else name)
            directory.mkdir(mode=0o700)
            self.environ[variable] = str(directory)
        self.daemon: subprocess.Popen[bytes] | None = None

    def start(self, **environ: str) -> subprocess.Popen[bytes]:
        """Starts alvod and returns when it answers."""
        self.spawn(**environ)
        wait_until(self.answers, within=20)
        assert self.daemon is not None
        return self.daemon

    def spawn(self, **environ: str) -> subprocess.Popen[bytes]:
        """Starts alvod without waiting for it."""
        with (self.place / "alvod.err").open("ab") as log:
            self.daemon = subprocess.Popen(
                [sys.executable, "-m", "daemon"],
                env={**self.environ, **environ},
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self.daemon

    def answers(self) -> bool:
        assert self.daemon is not None
        if self.daemon.poll() is not None:
            raise AssertionError(f"alvod ended: {self.log()}")
        try:
            self.rpc().close()
        except OSError:
            return False
        return True

    def log(self) -> str:
        return (self.place / "alvod.err").read_text(errors="replace")

    def rpc(self, client: str = "test", language: str = "en") -> Rpc:
        return Rpc(self.socket, client, language)

    def kill(self) -> None:
        """As a power cut would: no farewell."""
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait(30)

    def gone(self, within: float = 20.0) -> None:
        """Returns when the daemon has died by itself (at a crash point)."""
        assert self.daemon is not None
        assert self.daemon.wait(within) == -signal.SIGKILL

    def stop(self) -> None:
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.terminate()
            try:
                self.daemon.wait(30)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
                raise

    def run(
        self, *command: str, given: str | None = None, environ: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """One of the four commands, as a person would call it."""
        program = Path(sys.executable).parent / command[0]
        return subprocess.run(
            [str(program), *command[1:]],
            env={**self.environ, **(environ or {})},
            cwd=self.home,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )


@contextlib.contextmanager
def a_home() -> Iterator[Home]:
    """A person's directories for one test; the daemon in them is ended with it."""
    # Short: a socket's path has room for 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="alvo-", ignore_cleanup_errors=True) as place:
        home = Home(Path(place))
        try:
            yield home
        finally:
            home.stop()


def alive(pid: int) -> bool:
    """Whether the process is there and is not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def own_environ() -> dict[str, str]:
    """This test's environment without anything of Alvo's or of a model's."""
    return {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("ALVO_", "GEMINI", "GOOGLE", "OPENAI"))
    }
