"""One daemon, one place, one user."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.rpc.place import Place
from tests.support.rpc_peer import serving


def refused(path: Path) -> AlvoError:
    with pytest.raises(AlvoError) as caught:
        Place(path).take()
    return caught.value


def test_a_second_daemon_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "alvo.sock"
    with serving(path) as server:
        error = refused(path)

        assert error.type == errors.DAEMON_RUNNING
        assert error.blanks == {"pid": str(os.getpid()), "socket": str(path)}
        with server.peer() as peer:
            assert peer.ask("daemon.ping")["result"] == "pong"


def test_a_second_daemon_is_refused_even_where_the_lock_file_was_deleted(tmp_path: Path) -> None:
    path = tmp_path / "alvo.sock"
    with serving(path) as server:
        path.with_name("alvo.sock.lock").unlink()

        assert refused(path).blanks["pid"] == str(os.getpid())
        with server.peer() as peer:
            assert peer.ask("daemon.ping")["result"] == "pong"


def test_behind_a_socket_of_systemd_the_daemon_itself_says_its_number(tmp_path: Path) -> None:
    path = tmp_path / "alvo.sock"
    with socket.socket(socket.AF_UNIX) as systemd:
        systemd.bind(str(path))
        systemd.listen()

        def answer() -> None:
            peer, _ = systemd.accept()
            with peer, peer.makefile("rb") as lines:
                assert b"daemon.status" in lines.readline()
                peer.sendall(b'{"jsonrpc":"2.0","result":{"pid":4242},"id":1}\n')

        thread = threading.Thread(target=answer)
        thread.start()
        assert refused(path).blanks["pid"] == "4242"
        thread.join()


def test_of_many_daemons_started_at_once_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "alvo.sock"
    places = [Place(path) for _ in range(16)]
    won: list[Place] = []
    lost: list[AlvoError] = []

    def start(place: Place) -> None:
        try:
            place.take()
            won.append(place)
        except AlvoError as error:
            lost.append(error)

    threads = [threading.Thread(target=start, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert {error.type for error in lost} == {errors.DAEMON_RUNNING}
    won[0].leave()


def test_the_socket_of_a_dead_daemon_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "alvo.sock"
    code = (
        "import sys, time; from pathlib import Path; from daemon.rpc.place import Place;"
        "place = Place(Path(sys.argv[1])); listening = place.listen(); print('up', flush=True);"
        "time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"up\n"
        assert refused(path).blanks["pid"] == str(first.pid)
        first.kill()
    assert path.is_socket()

    with serving(path) as server, server.peer() as peer:
        assert peer.ask("daemon.ping")["result"] == "pong"


def test_what_is_not_a_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "alvo.sock"
    path.write_text("a letter")

    error = refused(path)

    assert error.type == errors.CONFIG_INVALID
    assert path.read_text() == "a letter"


def test_a_path_too_long_for_a_socket_is_a_sentence(tmp_path: Path) -> None:
    error = refused(tmp_path / ("x" * 120) / "alvo.sock")

    assert error.type == errors.CONFIG_INVALID
    assert "107" in error.blanks["reason"]


def test_a_directory_of_ours_is_made_private_and_a_shared_one_is_left_as_it_is(
    tmp_path: Path,
) -> None:
    ours = tmp_path / "alvo"
    ours.mkdir(mode=0o755)
    with serving(ours / "alvo.sock"):
        assert ours.stat().st_mode & 0o777 == 0o700

    shared = tmp_path / "documents"
    shared.mkdir(mode=0o755)
    (shared / "letter.md").write_text("a letter")
    with serving(shared / "alvo.sock"):
        assert shared.stat().st_mode & 0o777 == 0o755

    shared.chmod(0o777)
    assert refused(shared / "alvo.sock").type == errors.CONFIG_INVALID


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.write_text("a letter")
    (tmp_path / "alvo.sock.lock").symlink_to(other)

    assert refused(tmp_path / "alvo.sock").type == errors.CONFIG_INVALID
    assert other.read_text() == "a letter"


def test_a_socket_that_another_has_taken_is_not_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "alvo.sock"
    with contextlib.ExitStack() as stack:
        with serving(path):
            path.unlink()
            other = stack.enter_context(socket.socket(socket.AF_UNIX))
            other.bind(str(path))
        assert path.is_socket()
