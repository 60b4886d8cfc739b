"""Killed at any point, the index is as before or as after."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.index import Index
from tests.support.embedder import WordEmbedder
from tests.support.index import document, paths_in, writing
from tests.support.waiting import wait_until

EMBEDDER = WordEmbedder()
OLD, NEW = "about whales", "about sharks"
COUNT = 200

CHILD = """
import os, signal, sys
from pathlib import Path
from daemon.index import pointer, storing
from daemon.store import Database
from tests.support.embedder import WordEmbedder
from tests.support.index import document, paths_in, writing

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def before(owner, name):
    setattr(owner, name, die)

def after(owner, name):
    done = getattr(owner, name)
    setattr(owner, name, lambda *given, **named: (done(*given, **named), die()))

home, what = Path(sys.argv[1]), sys.argv[2]
"""

PUT = (
    CHILD
    + """
with writing(paths_in(home), WordEmbedder()) as (writer, source):
    for n in range(1_000_000):
        texts = [f"about sharks {n}"] * (1 + n % 5)
        writer.put(source.id, document(f"/docs/{n % 200}", *texts))
        if n == 20:
            print("going", flush=True)
"""
)

REBUILD = (
    CHILD
    + """
with writing(paths_in(home), WordEmbedder()) as (writer, source):
    if what == "in the middle of the copy":
        copied = storing.put
        calls = []
        def put(*given):
            calls.append(1)
            copied(*given)
            if len(calls) == 3:
                die()
        storing.put = put
    fresh = writer.begin_rebuild()
    for path in writer.known_paths(source.id):
        fresh.put(source.id, document(path, "about sharks"))
    match what:
        case "before the pointer moves":
            before(pointer, "point_to")
        case "while the pointer is written":
            before(Path, "replace")
        case "after the pointer moved":
            after(pointer, "point_to")
        case "while the old file is deleted":
            after(Path, "unlink")
    writer.commit_rebuild()
"""
)


def run(script, home, what=""):
    return subprocess.Popen(
        [sys.executable, "-c", script, str(home), what],
        cwd=Path.cwd(),
        stdout=subprocess.PIPE,
        text=True,
    )


def filled(home, count):
    paths = paths_in(home)
    with writing(paths, EMBEDDER) as (writer, source):
        for n in range(count):
            writer.put(source.id, document(f"/docs/{n}", OLD))
    return paths


def check_whole(paths):
    """Every table tells of the same passages, and it can be written on."""
    with writing(paths, EMBEDDER) as (writer, source):
        db = writer.db
        assert db.value("PRAGMA integrity_check") == "ok"
        db.run("INSERT INTO keyword (keyword, rank) VALUES ('integrity-check', 0)")
        passages = db.value("SELECT count(*) FROM passage")
        assert db.value("SELECT count(*) FROM vector") == passages
        assert db.value("SELECT count(*) FROM keyword_docsize") == passages
        assert db.value("SELECT sum(windows) FROM passage") == passages
        (counted,) = writer.sources()
        assert counted.passages == passages
        assert counted.documents == db.value("SELECT count(*) FROM document")
        assert not db.all(
            "SELECT document_id FROM passage JOIN document ON document.id = document_id"
            " GROUP BY document_id HAVING count(DISTINCT text) > 1"
        )
        writer.put(source.id, document("/docs/after", "written on"))


@pytest.mark.parametrize("later", [0, 0.003, 0.011, 0.029])
def test_killed_in_the_middle_of_putting_each_document_is_as_before_or_as_after(tmp_path, later):
    paths = filled(tmp_path, COUNT)
    child = run(PUT, tmp_path)
    assert child.stdout.readline() == "going\n"
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(later)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()

    check_whole(paths)
    index = Index.open(paths, EMBEDDER)
    assert index.status().documents == COUNT + 1
    index.close()


@pytest.mark.parametrize(
    ("what", "text", "file"),
    [
        ("in the middle of the copy", OLD, "index-1.db"),
        ("before the pointer moves", OLD, "index-1.db"),
        ("while the pointer is written", OLD, "index-1.db"),
        ("after the pointer moved", NEW, "index-2.db"),
        ("while the old file is deleted", NEW, "index-2.db"),
    ],
)
def test_killed_in_a_rebuild_the_index_is_the_old_one_or_the_new_one(tmp_path, what, text, file):
    paths = filled(tmp_path, 5)
    index = Index.open(paths, EMBEDDER)
    index.search("about")
    child = run(REBUILD, tmp_path, what)
    assert child.wait(60) == -signal.SIGKILL
    child.stdout.close()

    assert {hit.text for hit in index.search("about whales sharks")} == {text}
    index.close()
    check_whole(paths)
    assert [path.name for path in paths.index_dir.glob("index-*.db")] == [file]


def test_a_rebuild_that_was_cut_off_can_be_done_again(tmp_path):
    paths = filled(tmp_path, 5)
    child = run(REBUILD, tmp_path, "before the pointer moves")
    assert child.wait(60) == -signal.SIGKILL
    child.stdout.close()
    child = run(REBUILD, tmp_path)
    assert child.wait(60) == 0
    child.stdout.close()

    index = Index.open(paths, EMBEDDER)
    assert wait_until(lambda: {hit.text for hit in index.search("about")} == {NEW}, within=5)
    index.close()
