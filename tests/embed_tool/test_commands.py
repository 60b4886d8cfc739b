"""`alvo-embed` as a person and a program use it."""

import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from daemon.index.pointer import WriterLock
from tests.support import documents
from tests.support.embed_cli import EmbedTool
from tests.support.openai_server import OpenAIServer


@pytest.fixture
def tool(tmp_path):
    return EmbedTool(tmp_path)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "notes"
    made.mkdir()
    (made / "opening.md").write_text("# Shop\n\n## Hours\n\nThe shop opens at nine.\n")
    (made / "sub").mkdir()
    (made / "sub/prices.txt").write_text("A bicycle bell costs twelve euros.\n")
    return made


def settle(*paths: Path) -> None:
    """Makes files old enough for their time of change to be relied on."""
    for path in paths:
        at = path.stat().st_mtime_ns - 10**9
        os.utime(path, ns=(at, at))


def files(result) -> dict[str, int]:
    return {name: n for name, n in result["files"].items() if n and name != "passages"}


def test_what_was_added_is_found_with_its_place(tool, folder):
    added = tool.json("add", folder)
    assert files(added) == {"read": 2}
    assert added["sources"][0]["name"] == "notes"
    (hit, *_) = tool.json("search", "when does the shop open")["hits"]
    assert (hit["path"], hit["place"]) == (str(folder / "opening.md"), "Hours")


def test_every_kind_of_document_is_found(tool, tmp_path):
    kinds = tmp_path / "kinds"
    kinds.mkdir()
    (kinds / "a.pdf").write_bytes(documents.pdf([["nothing"], ["The pelican eats fish."]]))
    (kinds / "b.docx").write_bytes(documents.word((1, "Zoo"), "The giraffe eats leaves."))
    (kinds / "c.html").write_text("<h1>Zoo</h1><p>The zebra eats grass.</p>")
    (kinds / "d.py").write_text("def feed_badger():\n    return 'worms'\n")
    (kinds / "README").write_text("The walrus eats clams.\n")
    (kinds / "e.pptx").write_bytes(documents.slides())
    (kinds / "f.xlsx").write_bytes(documents.workbook())
    (kinds / "g.odt").write_bytes(documents.opendocument())
    (kinds / "h.csv").write_text("Animal,Food\nmoose,twigs\n")
    tool.json("add", kinds)
    places = {}
    words = ("pelican", "giraffe", "zebra", "badger", "walrus", "roof", "preços", "introdução")
    for word in (*words, "moose"):
        (hit, *_) = tool.json("search", word)["hits"]
        places[Path(hit["path"]).name] = hit["place"]
    assert places == {
        "a.pdf": "page 2",
        "b.docx": "Zoo",
        "c.html": "Zoo",
        "d.py": "lines 1–2",
        "README": "line 1",
        "e.pptx": "Plans",
        "f.xlsx": "Preços",
        "g.odt": "Manual",
        "h.csv": "row 2",
    }


def test_a_refresh_reads_only_what_has_changed(tool, folder):
    settle(*folder.rglob("*.*"))
    tool.json("add", folder)
    assert files(tool.json("refresh")) == {"unchanged": 2}
    (folder / "opening.md").write_text("# Shop\n\nThe shop opens at noon.\n")
    assert files(tool.json("refresh")) == {"unchanged": 1, "read": 1}
    assert tool.found("noon") == ["opening.md"]
    assert tool.found("nine") == []


def test_a_file_that_was_only_touched_is_not_parsed_again(tool, folder):
    tool.json("add", folder)
    (folder / "opening.md").touch()
    result = tool.json("refresh")
    assert files(result) == {"unchanged": 2}
    assert result["files"]["passages"] == 0


def test_a_time_of_change_that_cannot_be_relied_on_is_not(tool, folder):
    """A file that is written twice in one tick of the clock, or whose time is still to come."""
    path = folder / "opening.md"
    soon = time.time_ns() + 10**10
    os.utime(path, ns=(soon, soon))
    tool.json("add", folder)
    path.write_text(path.read_text().replace("nine", "five"))
    os.utime(path, ns=(soon, soon))
    assert files(tool.json("refresh")) == {"read": 1, "unchanged": 1}
    assert tool.found("five") == ["opening.md"]


def test_a_moved_file_is_recognised_and_a_deleted_one_forgotten(tool, folder):
    tool.json("add", folder)
    (folder / "opening.md").rename(folder / "sub/opening.md")
    (folder / "sub/prices.txt").unlink()
    assert files(tool.json("refresh")) == {"moved": 1, "removed": 1}
    (hit, *_) = tool.json("search", "shop opens")["hits"]
    assert hit["path"] == str(folder / "sub/opening.md")
    assert tool.found("bicycle bell") == []


def test_a_renamed_file_gets_its_new_title(tool, folder):
    tool.json("add", folder)
    (folder / "sub/prices.txt").rename(folder / "sub/costs.txt")
    assert files(tool.json("refresh")) == {"moved": 1, "unchanged": 1}
    (hit, *_) = tool.json("search", "bicycle bell")["hits"]
    assert (hit["title"], Path(hit["path"]).name) == ("costs.txt", "costs.txt")


def test_one_bad_file_is_one_line_and_the_others_are_read(tool, folder):
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 garbage")
    (folder / "locked.pdf").write_bytes(documents.encrypted_pdf())
    (folder / "bomb.docx").write_bytes(documents.zip_bomb(300 << 20))
    (folder / "binary.md").write_bytes(bytes(range(256)) * 50)
    (folder / "strange\n\x1b[31mname.md").write_text("the word marmalade\n")
    (folder / "latin.txt").write_bytes("a opção é boa, então".encode("latin-1"))
    (folder / "line.txt").write_text("needle " * 200_000)
    os.mkfifo(folder / "pipe.md")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(folder / "socket.md"))
        ran = tool.run("add", folder, "--json")
    assert ran.status == 0
    failures = [event for event in ran.events if event["event"] == "failure"]
    assert sorted(Path(event["path"]).name for event in failures) == [
        "binary.md",
        "bomb.docx",
        "broken.pdf",
        "locked.pdf",
    ]
    assert files(ran.result) == {"read": 5, "failed": 4}
    assert sorted(ran.result["sources"][0]["failures"]) == sorted(e["message"] for e in failures)
    assert tool.found("marmalade") == ["strange\n\x1b[31mname.md"]
    assert tool.found("opção")[0] == "latin.txt"


def test_a_bad_file_that_was_repaired_is_no_longer_reported(tool, folder):
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 garbage")
    tool.json("add", folder)
    (folder / "broken.pdf").write_bytes(documents.pdf([["The heron stands."]]))
    assert tool.json("refresh")["sources"][0]["failures"] == []
    assert tool.found("heron") == ["broken.pdf"]


def test_a_file_that_broke_is_no_longer_quoted(tool, folder):
    tool.json("add", folder)
    (folder / "opening.md").write_bytes(bytes(range(256)) * 50)
    assert tool.json("refresh")["files"]["failed"] == 1
    assert tool.found("shop opens") == []


def test_binary_files_of_unknown_kinds_are_left_out_silently(tool, folder):
    (folder / "data.xyz").write_bytes(bytes(range(256)))
    assert files(tool.json("add", folder)) == {"read": 2}
    assert tool.json("refresh")["sources"][0]["failures"] == []


def test_a_binary_file_that_is_named_gets_its_reason(tool, tmp_path):
    (tmp_path / "data.xyz").write_bytes(bytes(range(256)))
    ran = tool.run("add", tmp_path / "data.xyz")
    assert "is of a kind that is not read" in ran.err


def test_a_single_file_can_be_a_source(tool, folder):
    assert files(tool.json("add", folder / "opening.md")) == {"read": 1}
    assert files(tool.json("refresh")) == {"unchanged": 1}


def test_a_pipe_or_a_device_is_no_source(tool, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        assert "it is not a regular file" in tool.run("add", path).err
    assert tool.json("list")["sources"] == []


def test_a_source_can_be_noted_now_and_read_later(tool, folder):
    noted = tool.json("add", folder, "--later")["sources"][0]
    assert (noted["documents"], noted["state"]) == (0, "indexing")
    assert tool.json("list")["sources"][0]["state"] == "failed"
    assert files(tool.json("refresh")) == {"read": 2}


def test_adding_the_same_place_again_brings_it_up_to_date(tool, folder):
    first = tool.json("add", folder)
    (folder / "new.md").write_text("The lighthouse is red.\n")
    again = tool.json("add", folder)
    assert again["sources"][0]["id"] == first["sources"][0]["id"]
    assert files(again) == {"read": 1, "unchanged": 2}
    assert len(tool.json("list")["sources"]) == 1


def test_a_private_folder_inside_another_source_is_private_at_once(tool, folder):
    tool.json("add", folder)
    tool.json("add", folder / "sub", "--private")
    hits = tool.json("search", "bicycle bell")["hits"]
    assert [hit["private"] for hit in hits] == [True]
    tool.json("refresh")
    assert [hit["private"] for hit in tool.json("search", "bicycle bell")["hits"]] == [True]


def test_a_removed_source_is_forgotten_and_its_files_stay(tool, folder):
    tool.json("add", folder)
    tool.json("remove", "notes")
    assert tool.json("list")["sources"] == []
    assert tool.found("shop") == []
    assert (folder / "opening.md").exists()


def test_sources_are_named_by_id_name_or_path(tool, folder):
    source = tool.json("add", folder, "--name", "My notes")["sources"][0]
    for name in (source["id"], source["id"][:6], "My notes", folder):
        assert len(tool.json("refresh", name)["sources"]) == 1
    ran = tool.run("refresh", "nonsense")
    assert (ran.status, ran.err.splitlines()[0]) == (1, "There is no source nonsense.")


def test_a_source_whose_folder_is_gone_keeps_what_is_known_of_it(tool, folder, tmp_path):
    tool.json("add", folder)
    folder.rename(tmp_path / "elsewhere")
    ran = tool.run("refresh")
    assert ran.status == 1
    assert "cannot be read" in ran.err
    assert tool.found("shop opens") == ["opening.md"]
    assert tool.json("list")["sources"][0]["state"] == "failed"
    ran = tool.run("rebuild")
    assert ran.status == 1
    assert tool.found("shop opens") == ["opening.md"]


def test_a_rebuild_gives_the_same_index_under_the_same_ids(tool, folder):
    before = tool.json("add", folder)["sources"]
    after = tool.json("rebuild")["sources"]
    changing = {"refreshed_at": None}
    assert [source | changing for source in after] == [source | changing for source in before]
    assert tool.found("shop opens") == ["opening.md"]
    assert tool.json("verify")["different"] == []


def test_verify_compares_content_and_not_times(tool, folder):
    (folder / "locked.pdf").write_bytes(documents.encrypted_pdf())
    (folder / "gone.md").write_text("gone\n")
    settle(*folder.rglob("*.*"))
    tool.json("add", folder)
    assert tool.json("verify")["different"] == []
    status = (folder / "opening.md").stat()
    (folder / "opening.md").write_text("# Shop\n\n## Hours\n\nThe shop opens at five.\n")
    os.utime(folder / "opening.md", ns=(status.st_atime_ns, status.st_mtime_ns))
    (folder / "gone.md").unlink()
    (folder / "new.md").write_text("new\n")
    ran = tool.run("verify", "--json")
    assert ran.status == 1
    assert {Path(d["path"]).name: d["what"] for d in ran.result["different"]} == {
        "opening.md": "changed",
        "gone.md": "missing",
        "new.md": "new",
    }


def test_only_one_writes_at_a_time_and_the_other_is_told_who(tool, folder, tmp_path):
    tool.run("add", folder)
    writing = WriterLock(tmp_path / "data" / "alvo")
    try:
        ran = tool.run("refresh")
    finally:
        writing.release()
    assert (ran.status, str(os.getpid()) in ran.err) == (1, True)


def test_who_writes_for_a_moment_only_is_waited_for(tool, folder, tmp_path):
    tool.run("add", folder)
    writing = WriterLock(tmp_path / "data" / "alvo")
    threading.Timer(0.5, writing.release).start()
    assert tool.run("refresh").status == 0


def test_progress_comes_as_lines_of_json(tool, folder):
    events = tool.run("add", folder, "--json").events
    assert list(dict.fromkeys(event["event"] for event in events)) == [
        "source",
        "progress",
        "result",
    ]
    assert events[-2]["done"] == events[-2]["total"] == 2
    assert events[-2]["source_id"] == events[0]["source"]["id"]


def test_interrupting_keeps_what_was_done_and_the_next_run_goes_on(tool, folder):
    for n in range(2000):
        (folder / f"{n}.md").write_text(f"# {n}\n\ntext {n}\n")
    running = tool.start("add", folder, "--json")
    assert running.stdout is not None
    while json.loads(running.stdout.readline()).get("done", 0) < 200:
        pass
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (130, "")
    assert "Stopped." in json.loads(out.splitlines()[-1])["message"]
    done = tool.json("list")["sources"][0]["documents"]
    assert 0 < done < 2002
    after = tool.json("refresh")
    assert after["files"]["read"] <= 2002 - done
    assert after["sources"][0]["documents"] == 2002


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "pt_BR.UTF-8"}, "Ainda não há índice."),
        ({"LANG": "de_DE.UTF-8"}, "There is no index yet."),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "pt_PT"}, "Ainda não há índice."),
        ({"LANG": "pt_BR", "LC_ALL": "C"}, "There is no index yet."),
    ],
)
def test_errors_are_in_the_language_of_the_person(tool, variables, expected):
    ran = tool.run("search", "x", environment=variables)
    assert (ran.status, ran.err.splitlines()[0]) == (1, expected)


def test_a_wrong_path_is_a_sentence_and_what_to_do(tool, tmp_path):
    ran = tool.run("add", tmp_path / "nothing")
    assert ran.status == 1
    assert ran.err.splitlines() == [
        f"{tmp_path / 'nothing'} cannot be read: there is no such file or folder.",
        "Check the path and its permissions.",
    ]
    assert tool.json("list")["sources"] == []


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["add"], ["search"], ["search", "x", "-k", "0"], ["model", "x"]]
)
def test_wrong_usage_has_status_2(tool, arguments):
    assert tool.run(*arguments).status == 2


def test_one_name_for_two_paths_is_wrong_usage(tool, folder):
    assert tool.run("add", folder, folder / "sub", "--name", "x").status == 2


def test_without_weights_a_notice_says_so_and_words_are_searched(tool, folder):
    nothing = {"ALVO_EMBEDDER_KIND": "auto", "ALVO_MODELS": str(folder / "none")}
    ran = tool.run("add", folder, environment=nothing)
    assert ran.status == 0
    assert "alvo-embed model fetch" in ran.err
    assert tool.found("shop opens") == ["opening.md"]
    assert (
        tool.run("add", folder, environment=nothing | {"ALVO_EMBEDDER_KIND": "minilm"}).status == 1
    )


def test_vectors_are_added_by_a_refresh_once_the_weights_are_there(tool, folder):
    models = Path(os.environ.get("ALVO_MODELS", Path(sys.prefix) / "models"))
    if not (models / "all-MiniLM-L6-v2/model.safetensors").exists():
        pytest.skip("the weights are not here")
    with_vectors = {"ALVO_EMBEDDER_KIND": "minilm", "ALVO_MODELS": str(models)}
    settle(*folder.rglob("*.*"))
    tool.json("add", folder)
    assert tool.json("status")["embedded"] == 0
    assert files(tool.json("refresh", **with_vectors)) == {"read": 2}
    assert tool.json("status", **with_vectors)["embedded"] == 2
    assert files(tool.json("refresh", **with_vectors)) == {"unchanged": 2}
    (hit, *_) = tool.json("search", "what is the price of a ringer", **with_vectors)["hits"]
    assert hit["ranks"]["vector"] == 1


def test_status_says_how_documents_are_read(tool, folder):
    tool.json("add", folder)
    status = tool.json("status")
    assert (status["documents"], status["passages"]) == (2, 2)
    assert set(status["guards"]) == {"namespace", "landlock", "seccomp"}


def test_reading_changes_nothing_in_the_folder(tool, folder):
    def look():
        return {
            path: (path.stat().st_mtime_ns, path.stat().st_mode)
            for path in [folder, *folder.rglob("*")]
        }

    before = look()
    tool.json("add", folder)
    tool.json("verify")
    assert look() == before


def test_an_embedder_on_a_server_gives_vectors_and_without_it_the_words_still_find(tool, folder):
    with OpenAIServer(models=("embedder",)) as server:
        tool.environment |= {
            "ALVO_EMBEDDER_KIND": "openai",
            "ALVO_EMBEDDER_MODEL": "embedder",
            "ALVO_EMBEDDER_BASE_URL": server.base_url,
        }
        added = tool.json("add", folder)
        assert files(added) == {"read": 2}
        assert tool.json("status")["embedded"] == 2
        (hit, *_) = tool.json("search", "bicycle bell")["hits"]
        assert hit["ranks"]["vector"] == 1
    ran = tool.run("search", "--json", "bicycle bell")
    (hit, *_) = ran.result["hits"]
    assert (Path(hit["path"]).name, hit["ranks"]["vector"]) == ("prices.txt", None)
    refused = tool.run("refresh", "--json")
    assert refused.status == 0, "nothing has changed, so nothing is asked"
    (folder / "new.txt").write_text("Something else.\n")
    refused = tool.run("refresh", "--json")
    assert (refused.status, refused.result["name"]) == (1, "EMBEDDER_SERVER_FAILED")
    assert tool.found("bicycle bell") == ["prices.txt"]
