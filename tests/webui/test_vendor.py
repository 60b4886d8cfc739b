"""What the pages bring from elsewhere: locked by hash, without addresses, and never a must."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NPM = shutil.which("npm")


def test_the_lock_file_has_a_hash_for_each_package_and_no_address():
    text = (ROOT / "webui" / "package-lock.json").read_text()
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert packages
    for name, one in packages.items():
        assert one["integrity"].startswith("sha512-"), name
        assert "resolved" not in one, name
        assert "hasInstallScript" not in one, name
    assert "http" not in text


def copied(place: Path) -> Path:
    for name in (".ci/vendor", "webui/package.json", "webui/package-lock.json", "webui/.npmrc"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / name)
    return place / ".ci" / "vendor"


def run(script: Path, path: str) -> "subprocess.CompletedProcess[str]":
    environ = {"PATH": path, "HOME": str(script.parents[1])}
    return subprocess.run([script], env=environ, capture_output=True, text=True, timeout=90, check=False)  # fmt: skip


def test_where_there_is_no_npm_one_line_says_so_once_and_nothing_fails(tmp_path):
    script = copied(tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "env", "cat", "sha256sum", "cut", "find", "mkdir", "touch", "dirname"):
        (tools / name).symlink_to(shutil.which(name) or name)
    first, second = run(script, str(tools)), run(script, str(tools))
    assert (first.returncode, second.returncode) == (0, 0)
    [line] = first.stderr.splitlines()
    assert "npm is not installed" in line
    assert second.stderr == ""


@pytest.mark.slow
@pytest.mark.skipif(NPM is None, reason="npm is not installed")
def test_a_registry_that_cannot_be_reached_is_told_in_one_line(tmp_path):
    assert NPM is not None
    script = copied(tmp_path)
    (tmp_path / ".npmrc").write_text("registry=http://127.0.0.1:9/\nfetch-retries=0\n")
    done = run(script, f"{Path(NPM).parent}:/usr/bin:/bin")
    assert done.returncode == 0
    [line] = done.stderr.splitlines()
    assert line.startswith("the web terminal stays plain: npm")


def test_what_was_brought_has_its_licence_and_no_source_maps():
    vendor = ROOT / "webui" / "static" / "vendor"
    if not (vendor / "xterm.js").exists():
        pytest.skip("not brought here: .ci/vendor says why")
    assert (
        "MIT"
        in (vendor / "xterm.js").read_text()[:2000] + (vendor / "xterm.LICENSE.txt").read_text()
    )
    assert (vendor / "xterm-fit.LICENSE.txt").exists()
    assert not [path for path in vendor.glob("*.js") if "sourceMappingURL" in path.read_text()]
