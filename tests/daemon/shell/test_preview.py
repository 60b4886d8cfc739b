"""Previews: what they list is what the real run then does, and nothing is real before it."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.shell.preview import Surroundings, Trial, tried
from daemon.shell.preview_filter import socket_filter
from daemon.shell.preview_limits import Limits
from tests.support.preview import LIMITS, around, everything, needs_preview

COMMANDS = (
    "true",
    "echo more >> notes.txt",
    "sed -i s/one/two/ notes.txt",
    "sed -i.bak s/one/two/ notes.txt",
    "rm notes.txt",
    "rm -rf folder",
    "rm -rf folder; mkdir folder",
    "rm -rf folder && mkdir folder && echo new > folder/deep",
    "rm -r folder/deeper; echo file > folder/deeper",
    "mv notes.txt folder/",
    "mv folder moved",
    "mv folder/a.txt other/b.txt",
    "mv notes.txt $'a\\nb'",
    "touch $'new\\nline' 'a  b' '-rf'",
    "rm -- $'odd\\nname'",
    "tar cf all.tar folder && tar xf all.tar -C other",
    "git init -q repo && cd repo && echo x > f && git add f && git write-tree",
    "chmod 600 notes.txt",
    "chmod -R go-rwx folder",
    "chmod 000 notes.txt",
    "chmod 700 folder && touch folder/new",
    "ln -s notes.txt link",
    "ln notes.txt hard",
    "ln -sfn other link-to-folder",
    "rm link-to-folder",
    "rm link-to-folder; mkdir link-to-folder",
    "rm notes.txt; ln -s folder notes.txt",
    "rm -r folder; ln -s other folder",
    "rm -r folder; echo file > folder",
    "rm notes.txt; mkdir notes.txt; touch notes.txt/x",
    ": > notes.txt",
    "truncate -s 5 notes.txt",
    "truncate -s 100000 notes.txt",
    "cp -a folder copy",
    "cp notes.txt other/; rm notes.txt; mv other/notes.txt .",
    "mkdir -p a/b/c && touch a/b/c/d",
    "mkfifo pipe",
    "touch notes.txt",
    "find . -name '*.txt' -delete",
    "umask 077; echo secret > private",
    "cat folder/a.txt > $'\\xff\\xfe'",
    "printf '\\0\\1\\2' > binary; head -c 70000 /dev/zero >> binary",
    "sort -r -o notes.txt notes.txt",
    "false; echo still > there",
    "cd folder; echo here > ../from-below",
    "for n in 1 2 3; do echo $n > n$n; done; rm n2",
)


def a_home(place: Path) -> Path:
    home = place / "home"
    (home / "folder/deeper").mkdir(parents=True)
    (home / "other").mkdir()
    (home / "notes.txt").write_text("one\ntwo\nthree\n")
    (home / "folder/a.txt").write_text("a\n")
    (home / "folder/deeper/b.txt").write_text("b\n")
    (home / "odd\nname").write_text("odd\n")
    (home / "link-to-folder").symlink_to("folder")
    return home


def trial(
    home: Path, *scripts: str, limits: Limits = LIMITS, place: Surroundings | None = None
) -> Trial:
    async def make() -> Trial:
        async with tried(scripts, str(home), place or around(home), limits) as found:
            return found

    return asyncio.run(make())


@needs_preview
@pytest.mark.parametrize("command", COMMANDS)
def test_a_preview_lists_what_the_real_run_then_does(tmp_path: Path, command: str) -> None:
    home = a_home(tmp_path)
    before = everything(home)
    listed = trial(home, command)
    assert everything(home) == before

    real = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-c", command],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        check=False,
    )
    after = everything(home)
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert {change.raw for change in listed.changes} == changed
    for change in listed.changes:
        assert change.before == before.get(change.raw, change.before)
        if not change.raw.endswith(b".git/index"):  # It holds the times of change of its files.
            assert change.after.agrees(after.get(change.raw, change.after))
    assert listed.exit_status == real.returncode


@needs_preview
def test_a_plan_is_one_bash_and_ends_at_its_first_failure(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    found = trial(home, "cd folder; x=1", "echo $x $PWD $#; (exit 3)", "echo never")
    assert found.output == f"1 {home}/folder 0\n"
    assert found.exit_status == 3


@needs_preview
@pytest.mark.parametrize(
    "kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["stream", "datagram"]
)
def test_no_socket_is_reached_from_inside(tmp_path: Path, kind: socket.SocketKind) -> None:
    home = a_home(tmp_path)
    if shutil.which("python3", path="/usr/bin:/bin") is None:
        pytest.skip("there is no python3 outside the virtual environment")
    with socket.socket(socket.AF_UNIX, kind) as heard, socket.socket() as local:
        os.chdir(home)
        heard.bind("listening")
        local.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            heard.listen()
        local.listen()
        code = f"""
import socket
def attempt(make, address):
    try:
        made = make()
        made = made[0] if isinstance(made, tuple) else made
        if made.type == socket.SOCK_DGRAM: made.sendto(b"x", address)
        else: made.connect(address)
        print("reached", address)
    except OSError: pass
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    for make in (socket.socket, socket.socketpair):
        attempt(lambda: make(socket.AF_UNIX, kind), "{home}/listening")
attempt(lambda: socket.socket(), ("127.0.0.1", {local.getsockname()[1]}))
print("tried")
"""
        (home / "attack.py").write_text(code)
        assert trial(home, "python3 attack.py").output == "tried\n"


@needs_preview
@pytest.mark.parametrize(
    "attack",
    [
        "echo x > ../outside; echo x > ~/../outside",
        "cat ~/.alvo/key; rm -rf ~/.alvo; cat ~/.alvo/key",
        "echo x > /var/tmp/alvo-was-here; echo x > /dev/shm/alvo-was-here",
        "mount -t tmpfs none /mnt; umount -l ~ ~/.alvo; cat ~/.alvo/key",
        "unshare -Urm sh -c 'umount -l ~/.alvo; cat ~/.alvo/key; mount --bind / ~'",
        "kill -9 -1",
        "echo x > /etc/alvo-was-here; mknod /tmp/d b 8 0 && cat /tmp/d | head -c 1",
    ],
)
def test_nothing_leaves_a_preview(tmp_path: Path, attack: str) -> None:
    home = a_home(tmp_path)
    own = home / ".alvo"
    own.mkdir()
    (own / "key").write_text("a secret of ours")
    before = everything(tmp_path)
    place = around(home, own)
    found = trial(home, attack, place=place)
    assert "a secret of ours" not in found.output
    assert everything(tmp_path) == before
    for folder in ("/var/tmp", "/dev/shm", "/etc"):
        assert not Path(folder, "alvo-was-here").exists()


@needs_preview
@pytest.mark.parametrize(
    ("command", "limits", "ended_by"),
    [
        ("setsid sleep 60 & sleep 60", Limits(time_s=0.5), "time"),
        (
            "for n in $(seq 60); do head -c 1M /dev/zero > $n; done; sleep 9",
            Limits(space_bytes=16 * 1024**2),
            "space",
        ),
        (
            "head -c 300M /dev/zero | tail -c 300M | sort",
            Limits(memory_bytes=64 * 1024**2),
            "memory",
        ),
        ("for n in $(seq 600); do sleep 60 & done; wait", LIMITS, "memory"),
    ],
    ids=["time", "space", "memory", "processes"],
)
def test_a_preview_ends_at_its_limits(
    tmp_path: Path, command: str, limits: Limits, ended_by: str
) -> None:
    found = trial(a_home(tmp_path), command, limits=limits)
    assert (found.ended_by, found.exit_status) == (ended_by, None)


@needs_preview
def test_output_is_bounded_and_says_how_much_is_left_out(tmp_path: Path) -> None:
    found = trial(a_home(tmp_path), "yes | head -c 5000000; echo the end")
    assert found.dropped > 4_000_000
    assert f"… {found.dropped} …" in found.output
    assert found.output.endswith("the end\n")
    assert len(found.output) < 200_000


@needs_preview
def test_a_file_with_two_names_is_told(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    os.link(home / "notes.txt", home / "same")
    assert trial(home, "echo x >> notes.txt").hard_links == ["notes.txt"]


@needs_preview
def test_more_changes_than_can_be_shown_are_no_preview(tmp_path: Path) -> None:
    with pytest.raises(AlvoError) as refused:
        trial(a_home(tmp_path), "touch $(seq 6000)")
    assert refused.value.type is errors.PREVIEW_TOO_LARGE


def test_without_bubblewrap_there_is_none_and_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AlvoError) as refused:
        trial(a_home(tmp_path), "true")
    assert refused.value.type is errors.PREVIEW_UNAVAILABLE
    assert "apt install" in refused.value.blanks["reason"]


def test_without_user_namespaces_there_is_none_and_it_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("unshare", "bwrap"):
        (tmp_path / name).write_text("#!/bin/sh\necho unshare failed: not permitted >&2; exit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(AlvoError) as refused:
        trial(a_home(tmp_path), "true")
    assert refused.value.type is errors.PREVIEW_UNAVAILABLE
    assert "not permitted" in str(refused.value.blanks["reason"])


@needs_preview
def test_from_a_temporary_directory_there_is_none_and_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    home = a_home(tmp_path)

    async def from_elsewhere() -> None:
        async with tried(["true"], str(tmp_path / "elsewhere"), around(home), LIMITS):
            pass

    with pytest.raises(AlvoError) as refused:
        asyncio.run(from_elsewhere())
    assert refused.value.type is errors.PREVIEW_NOT_THERE
    assert trial(home, "true").exit_status == 0


def test_an_instruction_set_without_a_filter_is_refused() -> None:
    assert socket_filter("riscv64") is None
    assert socket_filter("x86_64") != socket_filter("aarch64")


@needs_preview
def test_no_switch_of_the_kernel_can_be_set(tmp_path: Path) -> None:
    switches = "/proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/irq /sys/kernel /proc/sys"
    found = trial(a_home(tmp_path), f"for s in {switches}; do [ -w $s ] && echo $s; done; true")
    assert found.output == ""


@needs_preview
def test_attributes_of_the_overlay_itself_cannot_be_forged(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    if shutil.which("python3", path="/usr/bin:/bin") is None:
        pytest.skip("there is no python3 outside the virtual environment")
    (home / "attack.py").write_text(
        "import os\n"
        "for name, value in (('opaque', b'y'), ('opaque', b'x'), ('whiteout', b''),\n"
        "                    ('redirect', b'/etc/passwd'), ('metacopy', b'')):\n"
        "    for place in ('folder', 'notes.txt'):\n"
        "        try: os.setxattr(place, 'user.overlay.' + name, value)\n"
        "        except OSError: pass\n"
        "for place in ('white', 'folder/a.txt2'):\n"
        "    try: os.mknod(place, 0o20666, 0)\n"
        "    except OSError: pass\n"
    )
    found = trial(home, "python3 attack.py; ls folder; cat notes.txt")
    assert found.output == "a.txt\ndeeper\none\ntwo\nthree\n"
    assert found.changes == []


@needs_preview
@pytest.mark.slow
def test_holes_are_counted_as_what_they_would_be_read_as(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(AlvoError) as refused:
        trial(a_home(tmp_path), "for n in 1 2 3 4 5 6; do truncate -s 400M $n; done")
    assert refused.value.type is errors.PREVIEW_TOO_LARGE
    assert time.monotonic() - begun < 20


@needs_preview
def test_what_is_hidden_stays_so_behind_a_link(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    own = home / "store/alvo"
    own.mkdir(parents=True)
    (own / "key").write_text("a secret of ours")
    (home / ".state").symlink_to("store")
    place = around(home, home / ".state/alvo")
    ways = (".state/alvo", "store/alvo", "x/alvo", "y/alvo")
    script = "cp -a .state x; mv store y; " + "; ".join(f"cat {way}/key" for way in ways)
    assert "a secret of ours" not in trial(home, script, place=place).output
