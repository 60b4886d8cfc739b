"""An agent comes back from its file as it was; a file that is anything else is refused."""

import hashlib
import json
import stat
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from daemon.agents.jobs import Unpack
from daemon.agents.packing import MODEL, PROFILE, REPORT, copy_in, pack, unpack
from daemon.index.retrieval_model import RetrievalModel
from daemon.protocol import errors
from daemon.protocol.agents import AgentConfig, AgentProfile, AgentStatus, UserId
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Timestamp
from daemon.store.agents import StoredAgent, StoredVersion

AT = Timestamp("2026-01-02T03:04:05.000Z")
PROFILE_VALUE = AgentProfile("Python", "short", ["API"], ["Why?"], "offline")
LINE = b'{"form":"text","path":"a","text":"Some words to know."}\n'
LIMIT = 1_000_000
DOCUMENT = 100_000


def document(**changed: Any) -> bytes:
    return json.dumps({"form": "text", "path": "a", "text": "Some words.", **changed}).encode()


def report(**changed: Any) -> bytes:
    measure = {"mean": 0.5, "low": 0.4, "high": 0.6}
    figures = {"recall_5": measure, "mrr": measure, "ndcg_10": measure}
    told = {"keyword": figures, "baseline": figures, "trained": figures, "in_service": None}
    told |= {"pairs": 20, "difference": measure, "support": None, "deployed": True, "reason": "."}
    return json.dumps(told | changed).encode()


def agent() -> tuple[StoredAgent, StoredVersion]:
    config = AgentConfig(language="pt", seed=7)
    stored = StoredAgent(
        UserId("python_expert"), AgentStatus.READY, 2, None, 2, config, None, AT, AT
    )
    version = StoredVersion(
        user_id=stored.user_id,
        number=2,
        created_at=AT,
        materials=[1],
        given=False,
        documents=3,
        passages=9,
        languages=["pt"],
        chosen="weights",
        model=RetrievalModel(glossed=0.5).to_bytes(),
        profile=PROFILE_VALUE,
        report=None,
        error=None,
        deployed_at=AT,
    )
    return stored, version


@pytest.fixture
def packed(tmp_path) -> Path:
    data = tmp_path / "data.jsonl"
    data.write_bytes(LINE * 3)
    target = tmp_path / "python_expert.alvo-agent"
    pack(str(target), *agent(), [data])
    return target


def unpacked(file: Path, tmp_path: Path) -> Any:
    into = tmp_path / "into"
    into.mkdir(exist_ok=True)
    return unpack(Unpack(str(file), str(file), str(into), LIMIT, DOCUMENT))


def refused(file: Path, tmp_path: Path) -> str:
    with pytest.raises(AlvoError) as caught:
        unpacked(file, tmp_path)
    assert caught.value.type is errors.AGENT_IMPORT_INVALID
    return str(caught.value.blanks["reason"])


def test_what_was_packed_comes_back(packed, tmp_path):
    found = unpacked(packed, tmp_path)
    assert (found.user_id, found.config.seed, found.chosen) == ("python_expert", 7, "weights")
    assert (tmp_path / "into" / found.data[0]).read_bytes() == LINE * 3
    assert found.has == {MODEL: True, PROFILE: True, "report.json": False}


def test_the_same_agent_gives_the_same_file_for_its_owner_alone(packed, tmp_path):
    again = pack(str(tmp_path / "again"), *agent(), [tmp_path / "data.jsonl"])
    assert again.digest == hashlib.sha256(packed.read_bytes()).hexdigest()
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600


def test_no_file_is_written_over(packed, tmp_path):
    before = packed.read_bytes()
    with pytest.raises(AlvoError) as caught:
        pack(str(packed), *agent(), [tmp_path / "data.jsonl"])
    assert caught.value.type is errors.AGENT_EXPORT_FAILED
    assert packed.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.jsonl", packed.name]


@pytest.mark.parametrize("place", ["/", "{}/data.jsonl/x", "{}/" + "n" * 256, "{}/gone/x"])
def test_a_place_where_no_file_can_be_is_refused(packed, tmp_path, place):
    with pytest.raises(AlvoError) as caught:
        pack(place.format(tmp_path), *agent(), [tmp_path / "data.jsonl"])
    assert caught.value.type is errors.AGENT_EXPORT_FAILED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.jsonl", packed.name]


def test_a_name_may_be_as_long_as_the_system_has_it(packed, tmp_path):
    target = tmp_path / ("n" * 255)
    pack(str(target), *agent(), [tmp_path / "data.jsonl"])
    assert target.read_bytes() == packed.read_bytes()


def rewritten(packed: Path, target: Path, change: dict[str, bytes | None], **manifest: Any) -> Path:
    """The file with members replaced or (None) left out, and fields of its manifest."""
    with zipfile.ZipFile(packed) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    made = json.loads(members["manifest.json"]) | manifest
    members["manifest.json"] = json.dumps(made).encode()
    for name, content in change.items():
        if content is None:
            del members[name]
        else:
            members[name] = content
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def listing(packed: Path, **contents: bytes) -> list[dict[str, Any]]:
    """The manifest's list, true for other contents."""
    with zipfile.ZipFile(packed) as archive:
        listed = json.loads(archive.read("manifest.json"))["files"]
    found: list[dict[str, Any]] = [one for one in listed if one["name"] not in contents]
    for name, content in contents.items():
        digest = hashlib.sha256(content).hexdigest()
        found.append({"name": name, "size": len(content), "digest": digest})
    return found


def test_a_changed_byte_is_found(packed, tmp_path):
    changed = rewritten(packed, tmp_path / "x", {"data-1.jsonl": LINE * 2 + LINE.upper()})
    assert "digest" in refused(changed, tmp_path)


def test_what_does_not_inflate_is_refused(packed, tmp_path):
    content = bytearray(packed.read_bytes())
    with zipfile.ZipFile(packed) as archive:
        begins = archive.getinfo("data-1.jsonl").header_offset + 30 + len("data-1.jsonl")
    content[begins : begins + 4] = b"\xff" * 4
    (tmp_path / "x").write_bytes(content)
    assert "decompressing" in refused(tmp_path / "x", tmp_path)


@pytest.mark.parametrize(
    "name", ["../../evil.py", "/etc/passwd", "data-0.jsonl", "data-1.jsonl/x", "x", ".."]
)
def test_a_member_of_any_other_name_is_refused(packed, tmp_path, name):
    evil = rewritten(packed, tmp_path / "x", {name: b"x"})
    refused(evil, tmp_path)
    assert not list((tmp_path / "into").iterdir())


def test_a_member_that_the_manifest_does_not_list_is_refused(packed, tmp_path):
    assert "manifest" in refused(
        rewritten(packed, tmp_path / "x", {"data-2.jsonl": LINE}), tmp_path
    )
    assert "manifest" in refused(rewritten(packed, tmp_path / "y", {PROFILE: None}), tmp_path)


def test_a_member_twice_is_refused(packed, tmp_path):
    target = rewritten(packed, tmp_path / "x", {})
    with zipfile.ZipFile(target, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("data-1.jsonl", LINE)
    assert "twice" in refused(target, tmp_path)


def test_more_than_may_be_is_refused_however_small_it_is_packed(packed, tmp_path):
    bomb = b"\0" * (LIMIT + 1)
    target = tmp_path / "x"
    made = rewritten(packed, tmp_path / "y", {}, files=listing(packed, **{"data-1.jsonl": bomb}))
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(target, "w") as out:
        for name in archive.namelist():
            if name != "data-1.jsonl":
                out.writestr(name, archive.read(name))
        out.writestr("data-1.jsonl", bomb, compress_type=zipfile.ZIP_DEFLATED)
    assert target.stat().st_size < LIMIT / 10
    assert "large" in refused(target, tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (MODEL, b"\x80\x04cos\nsystem\n"),
        (PROFILE, b'{"expertise": 3}'),
        (PROFILE, json.dumps({"expertise": "x" * 5000, "tone": "", "vocabulary": [],
                              "questions": [], "written_by": "x"}).encode()),
        ("data-1.jsonl", b"not json\n"),
        ("data-1.jsonl", b'{"form":"program","path":"a","text":"x"}\n'),
        ("data-1.jsonl", document(path="")),
        ("data-1.jsonl", document(path="a\0b")),
        ("data-1.jsonl", document(path="a" * 5000)),
        ("data-1.jsonl", document(title="a" * 5000)),
        ("data-1.jsonl", document(part=0)),
        ("data-1.jsonl", document(part=10**18)),
        ("data-1.jsonl", document(form="file", path="a.pdf", text="!")),
        ("data-1.jsonl", document(text="word " * 30_000)),
        (REPORT, report(pairs=-1)),
        (REPORT, report(pairs=10**18)),
        (REPORT, report(reason="x" * 5000)),
        (REPORT, report(difference={"mean": 1e308, "low": 0, "high": 1})),
        (REPORT, report(support={"mean": -0.1, "low": 0, "high": 1})),
        ("data-1.jsonl", b'{"form":"text","path":"a","text":"x","modified_at":"soon"}\n'),
        ("data-1.jsonl", b'{"form":"text","path":"a","text":"x","modified_at":"2026-11-29"}\n'),
    ],
)  # fmt: skip
def test_a_part_that_is_not_what_it_is_called_is_refused(packed, tmp_path, name, content):
    files = listing(packed, **{name: content})
    refused(rewritten(packed, tmp_path / "x", {name: content}, files=files), tmp_path)


def test_a_report_and_documents_as_training_writes_them_are_taken(packed, tmp_path):
    parts = {REPORT: report(), "data-1.jsonl": document(part=2, title="A title", form="markdown")}
    file = rewritten(packed, tmp_path / "x", parts, files=listing(packed, **parts))
    assert unpacked(file, tmp_path).has[REPORT]


@pytest.mark.parametrize(
    "manifest",
    [
        {"format": 2},
        {"user_id": "../up"},
        {"config": {"language": "xx"}},
        {"config": {"seed": -1}},
        {"documents": -1},
        {"documents": 2**63},
        {"chosen": "weights\u202e"},
        {"files": []},
        {"files": "none"},
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(packed, tmp_path, manifest):
    refused(rewritten(packed, tmp_path / "x", {}, **manifest), tmp_path)


def test_what_is_no_such_file_is_refused(tmp_path):
    (tmp_path / "text").write_text("hello")
    refused(tmp_path / "text", tmp_path)
    (tmp_path / "empty").write_bytes(b"")
    refused(tmp_path / "empty", tmp_path)


def test_what_is_cut_off_anywhere_is_refused(packed, tmp_path):
    whole = packed.read_bytes()
    for length in range(0, len(whole), 101):
        (tmp_path / "cut").write_bytes(whole[:length])
        for left in (tmp_path / "into").glob("*"):
            left.unlink()
        refused(tmp_path / "cut", tmp_path)


def test_only_a_regular_file_of_bounded_size_is_copied(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 100)
    for path in ("relative", str(tmp_path), str(tmp_path / "missing"), str(tmp_path / "large")):
        with pytest.raises(AlvoError) as caught:
            copy_in(path, tmp_path / f"copy-{len(path)}", 99)
        assert caught.value.type is errors.AGENT_IMPORT_INVALID


def test_a_directory_of_more_members_than_may_be_is_refused_before_it_is_read(tmp_path):
    target = tmp_path / "x"
    with zipfile.ZipFile(target, "w") as out:
        out.writestr("manifest.json", "{}")
    whole = target.read_bytes()
    start = whole.index(b"PK\x01\x02")
    entry, end = whole[start : whole.index(b"PK\x05\x06")], whole[whole.index(b"PK\x05\x06") :]
    count = 60_000
    size, at = (count * len(entry)).to_bytes(4, "little"), end[16:20]
    with target.open("wb") as out:
        out.write(whole[:start])
        for _ in range(count // 10_000):
            out.write(entry * 10_000)
        out.write(end[:8] + b"\xff\x0f" * 2 + size + at + end[20:])
    tracemalloc.start()
    try:
        assert "members" in refused(target, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
