"""The sample material holds what its users rely on."""

import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent / "sample"
QUESTIONS = tomllib.loads((SAMPLE / "questions.toml").read_text())
RUNBOOKS = sorted(SAMPLE.glob("runbooks/*/*.md"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("home") / "shop"
    subprocess.run([sys.executable, SAMPLE / "make_shop.py", directory], check=True)
    return directory


@pytest.mark.parametrize("entry", QUESTIONS["answerable"], ids=lambda entry: entry["question"])
def test_the_named_file_holds_the_answer(entry):
    text = " ".join((SAMPLE / entry["file"]).read_text().split())
    assert entry["contains"] in text


def test_there_is_enough_to_ask_in_both_languages():
    for kind, least in (("answerable", 20), ("unanswerable", 6), ("tasks", 6)):
        for language in ("en", "pt"):
            asked = [entry for entry in QUESTIONS[kind] if entry["language"] == language]
            assert len(asked) >= least, (kind, language)


@pytest.mark.parametrize("entry", QUESTIONS["tasks"], ids=lambda entry: entry["request"])
def test_each_task_has_its_runbook_with_a_block(entry):
    text = (SAMPLE / entry["file"]).read_text()
    section = re.search(
        rf"^## {re.escape(entry['heading'])}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert section
    assert "```bash\n" in section[1]


def test_both_handbooks_have_the_same_chapters_and_thirty_pages_together():
    english, portuguese = (sorted(SAMPLE.glob(f"handbook/{part}/*.md")) for part in ("en", "pt"))
    assert [path.name[:2] for path in english] == [path.name[:2] for path in portuguese]
    assert sum(len(path.read_text().split()) for path in english + portuguese) >= 30 * 400


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_block_of_a_runbook_runs_from_top_to_bottom_in_a_new_home(runbook, shop, tmp_path):
    shutil.copytree(shop, tmp_path / "shop")
    blocks = re.findall(r"^```bash\n(.*?)^```", runbook.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        done = subprocess.run(
            ["bash", "-c", block],
            cwd=tmp_path,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (block, done.stderr)


def test_the_shop_is_the_same_every_time_and_sound(shop, tmp_path):
    subprocess.run([sys.executable, SAMPLE / "make_shop.py", tmp_path], check=True)
    assert (tmp_path / "orders.csv").read_bytes() == (shop / "orders.csv").read_bytes()
    with (
        sqlite3.connect(shop / "shop.sqlite") as one,
        sqlite3.connect(tmp_path / "shop.sqlite") as two,
    ):
        assert list(one.iterdump()) == list(two.iterdump())
        assert one.execute("PRAGMA foreign_key_check").fetchall() == []
        assert one.execute("SELECT count(*) FROM orders").fetchone() == (500,)
    one.close()
    two.close()
