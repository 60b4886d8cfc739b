"""Reads every import of the product and holds the layers of docs/architecture.md."""

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("daemon", "client", "webui", "embed_tool", "prompts")

# Downward only; rooms on one line are siblings and never import each other.
LAYERS = (
    ("__main__",),
    ("checks",),
    ("app",),
    ("rpc",),
    ("flow",),
    ("blocks", "describing"),
    ("agents",),
    ("reasoner", "sources", "shell"),
    ("index",),
    ("models",),
    ("store",),
    ("log", "notify", "process", "confinement"),
    ("config",),
    ("protocol",),
)
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}

OUTSIDE = {
    "client": ("daemon.protocol", "prompts"),
    "webui": ("client", "daemon.protocol", "prompts"),
    "embed_tool": (
        "daemon.index",
        "daemon.models",
        "daemon.store",
        "daemon.config",
        "daemon.confinement",
        "daemon.protocol",
        "daemon.sources.database",
        "prompts",
    ),
    "prompts": (),
}

# One library, one door: which modules (or everything below a package) may import it.
DOORS = {
    "aiohttp": ("webui",),
    "apsw": ("daemon.store", "daemon.sources.database"),
    "charset_normalizer": ("embed_tool.formats.text",),
    "docx": ("embed_tool.formats.docx",),
    "google": ("daemon.models.gemini",),
    "httpx2": ("daemon.models.http",),
    "jinja2": ("prompts",),
    "jsonrpcserver": ("daemon.rpc.dispatcher",),
    "idna": ("daemon.sources.internet.urls",),
    "lxml": tuple(f"embed_tool.formats.{name}" for name in ("docx", "epub", "html", "page", "xml")),
    "markdown_it": ("embed_tool.formats.markdown", "webui.markdown"),
    "msgspec": ("daemon.protocol.codec",),
    "nh3": ("webui.markdown",),
    "numpy": (
        "daemon.agents.child",
        "daemon.index",
        "daemon.models",
        "daemon.reasoner.intent",
        "embed_tool",
    ),
    "onnx": ("daemon.models.minilm",),
    "onnxruntime": ("daemon.models.minilm",),
    "odfdo": ("embed_tool.formats.odf",),
    "pathspec": ("embed_tool.ignore",),
    "pexpect": ("daemon.shell.pty",),
    "prompt_toolkit": ("client",),
    "ptyprocess": ("daemon.shell.pty",),
    "pypdfium2": ("embed_tool.formats.pdf",),
    "pptx": ("embed_tool.formats.slides",),
    "python_calamine": ("embed_tool.formats.sheets",),
    "safetensors": ("daemon.models.minilm",),
    "sqlite_vec": ("daemon.store",),
    "Stemmer": ("daemon.index.language",),
    "tokenizers": ("daemon.models.minilm",),
    "trafilatura": ("embed_tool.formats.page",),
    "tree_sitter": ("daemon.shell.parse",),
    "tree_sitter_bash": ("daemon.shell.parse",),
    "watchfiles": ("embed_tool.watching",),
    "uvloop": ("daemon.__main__", "webui.__main__"),
}
# A door of several modules that share its name: minilm.py, minilm_graph.py, ….
FAMILIES = ("daemon.models.minilm", "daemon.models.gemini", "daemon.models.openai")


class Import(NamedTuple):
    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[Import]:
    name = module_name(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for alias in node.names:
                yield Import(name, f"{node.module}.{alias.name}", node.lineno)


IMPORTS = [
    found
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    for found in imports_of(path)
]


def within(module: str, place: str) -> bool:
    if module == place or module.startswith(place + "."):
        return True
    return place in FAMILIES and module.startswith(place + "_")


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_every_room_of_the_daemon_is_in_the_table():
    found = {
        path.stem
        for path in (ROOT / "daemon").iterdir()
        if path.name not in ("__init__.py", "__pycache__", "py.typed")
    }
    assert found <= set(RANK)


def test_the_daemon_imports_downward_only_and_siblings_never_each_other():
    wrong = [
        found
        for found in IMPORTS
        if within(found.importer, "daemon") and within(found.imported, "daemon")
        if room(found.imported) in RANK and room(found.importer) in RANK
        if room(found.imported) != room(found.importer)
        if RANK[room(found.imported)] <= RANK[room(found.importer)]
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_the_daemon_imports_none_of_its_clients_and_protocol_nothing_of_ours():
    wrong = [
        found
        for found in IMPORTS
        if found.importer.startswith("daemon")
        if found.imported.split(".")[0] in ("client", "webui", "embed_tool", "tests")
        or (within(found.importer, "daemon.protocol") and within(found.imported, "prompts"))
    ]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("package", OUTSIDE)
def test_the_other_packages_import_only_what_the_table_allows(package):
    wrong = [
        found
        for found in IMPORTS
        if within(found.importer, package) and found.imported.split(".")[0] in (*PACKAGES, "tests")
        if not any(within(found.imported, allowed) for allowed in (package, *OUTSIDE[package]))
        if found.imported != "daemon.VERSION"
    ]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("child", ["daemon.agents.child", "daemon.sources.database.child"])
def test_what_runs_in_a_process_of_its_own_is_started_and_never_imported(child):
    wrong = [
        found
        for found in IMPORTS
        if within(found.imported, child) and not within(found.importer, child)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_no_time_limit_may_lose_a_cancellation():
    """Up to Python 3.11 `asyncio.wait_for` swallows one that comes as what it waits for is done; who
    waits for the task that was cancelled then waits for ever.
    """
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: asyncio.timeout instead"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "wait_for"
        if isinstance(node.value, ast.Name) and node.value.id == "asyncio"
    ]
    assert not wrong, "\n".join(wrong)


def test_no_modules_import_each_other_in_a_circle():
    modules = {found.importer for found in IMPORTS}
    needs: dict[str, set[str]] = {}
    for found in IMPORTS:
        # What is taken from a module, or a module from its package.
        there = found.imported in modules
        taken = found.imported if there else found.imported.rpartition(".")[0]
        # A package's face may show what is behind it.
        if taken in modules and not within(taken, found.importer):
            needs.setdefault(found.importer, set()).add(taken)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as circle:
        raise AssertionError(" → ".join(circle.args[1])) from None


def test_one_library_has_one_door():
    wrong = []
    for found in IMPORTS:
        library = found.imported.split(".")[0]
        if library in PACKAGES or library in sys.stdlib_module_names:
            continue
        doors = DOORS.get(library, ())
        if not any(within(found.importer, door) for door in doors):
            wrong.append(f"{found} (its door: {', '.join(doors) or 'none: name one here'})")
    assert not wrong, "\n".join(wrong)


def test_sqlite_is_reached_through_apsw_alone():
    assert not [str(found) for found in IMPORTS if found.imported.split(".")[0] == "sqlite3"]


def test_the_name_daemon_belongs_to_this_distribution_alone():
    provided = packages_distributions()
    for package in PACKAGES:
        assert set(provided.get(package, [])) == {"alvo"}, package


def test_every_module_begins_with_a_sentence_that_says_what_it_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent


def test_the_architecture_page_names_every_room():
    page = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {path.name for path in (ROOT / "daemon").iterdir() if path.is_dir()} - {"__pycache__"}
    assert not {name for name in rooms if name not in page}
