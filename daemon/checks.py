"""`alvod --check`: what is fit and what is not, found out without starting or changing anything."""

import asyncio
import contextlib
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import prompts
from daemon.config import Config, EmbedderKind, Paths, ReasonerKind, load_config
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.escape import escape

if TYPE_CHECKING:
    from daemon.models.language_model import LanguageModel

_BASH_S: Final = 5.0
_ASK_S: Final = 1.0
_UNNAMED: Final = "?"
_MODELS_SHOWN: Final = 20


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """A phrase (`prompts/phrases.toml`), an error, or a phrase with an error's sentence as `reason`.

    A phrase ending in _do says what to do.
    """

    level: Level
    phrase: str = ""
    blanks: dict[str, Any] = field(default_factory=dict)
    error: AlvoError | None = None

    def lines(self, language: str) -> list[str]:
        blanks = dict(self.blanks)
        text = action = ""
        if self.error is not None:
            text, action = prompts.sentence(self.error.type.name, language, **self.error.blanks)
            blanks["reason"] = text
        if self.phrase:
            text = prompts.phrase(self.phrase, language, **blanks)
            needs = self.level is not Level.OK
            action = prompts.phrase(f"{self.phrase}_do", language, **blanks) if needs else ""
        return [
            f"{self.level:<4}  {escape(text)}",
            *([f"      {escape(action)}"] if action else []),
        ]


def run(paths: Paths, environ: Mapping[str, str], language: str) -> int:
    """Prints each finding; 1 if anything would keep the daemon from working."""
    found = list(findings(paths, environ))
    try:
        for finding in found:
            sys.stdout.write("\n".join(finding.lines(language)) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read it has seen enough; the interpreter must not try to flush it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(any(finding.level is Level.FAIL for finding in found))


def findings(paths: Paths, environ: Mapping[str, str]) -> Iterator[Finding]:
    """In the order in which the daemon would stumble over them."""
    try:
        config = load_config(paths, environ)
    except AlvoError as error:
        yield Finding(Level.FAIL, error=error)
        return
    there = paths.config_file.exists()
    yield Finding(Level.OK, "check_config" if there else "check_config_default", {"path": paths.config_file})  # fmt: skip
    for directory in dict.fromkeys((paths.state_dir, paths.index_dir, paths.cache_dir, paths.socket.parent)):  # fmt: skip
        yield _directory(directory)
    yield _guarded(lambda: _store(paths.state_db))
    yield _guarded(lambda: _index(paths.index_dir))
    yield _socket(paths.socket)
    yield _guarded(lambda: _embedder(config, paths, environ))
    yield from _reasoner(config, paths, environ)
    yield _bash(config.shell.program)
    yield _scopes(environ)


def _guarded(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except AlvoError as error:
        return Finding(Level.FAIL, error=error)


def _directory(directory: Path) -> Finding:
    blanks: dict[str, Any] = {"path": directory}
    try:
        found = directory.stat()
    except FileNotFoundError:
        return _missing_directory(directory)
    except OSError as error:
        return Finding(Level.FAIL, "check_directory_unusable", blanks | {"reason": error.strerror})
    mode = stat.S_IMODE(found.st_mode)
    blanks["mode"] = f"{mode:04o}"
    if not stat.S_ISDIR(found.st_mode) or not os.access(directory, os.W_OK | os.X_OK):
        reason = os.strerror(20 if not stat.S_ISDIR(found.st_mode) else 13)
        return Finding(Level.FAIL, "check_directory_unusable", blanks | {"reason": reason})
    if found.st_uid != os.geteuid() or mode & 0o022:
        return Finding(Level.WARN, "check_directory_open", blanks)
    return Finding(Level.OK, "check_directory", blanks)


def _missing_directory(directory: Path) -> Finding:
    above = next(parent for parent in directory.parents if parent.exists())
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
        return Finding(Level.OK, "check_directory_later", {"path": directory})
    reason = os.strerror(13)
    return Finding(Level.FAIL, "check_directory_unusable", {"path": above, "reason": reason})


def _store(file: Path) -> Finding:
    if not file.exists():
        return Finding(Level.OK, "check_store_later", {"path": file})
    from daemon.store import Database
    from daemon.store.schema import STATE_MIGRATIONS

    if not os.access(file, os.R_OK | os.W_OK):
        raise AlvoError(errors.STORE_READONLY, path=file)
    database = Database.open(file, readonly=True)
    try:
        known = STATE_MIGRATIONS[-1].number
        found = database.value("SELECT max(number) FROM migration")
        if found is not None and found > known:
            raise AlvoError(errors.STORE_NEWER, path=file, found=found, known=known)
        verdict = database.value("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise AlvoError(errors.STORE_DAMAGED, path=file, reason=verdict)
    finally:
        database.close()
    return Finding(Level.OK, "check_store", {"path": file})


def _socket(path: Path) -> Finding:
    blanks: dict[str, Any] = {"path": path}
    try:
        found = path.lstat()
    except FileNotFoundError:
        return Finding(Level.OK, "check_socket_free", blanks)
    except OSError as error:
        return Finding(Level.FAIL, "check_socket_unusable", blanks | {"reason": error.strerror})
    if not stat.S_ISSOCK(found.st_mode):
        return Finding(Level.FAIL, "check_socket_other", blanks)
    if stat.S_IMODE(found.st_mode) & 0o077:
        return Finding(Level.WARN, "check_socket_open", blanks)
    return _listening(path, blanks)


def _listening(path: Path, blanks: dict[str, Any]) -> Finding:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(_ASK_S)
        try:
            asking.connect(os.fspath(path))
        except ConnectionRefusedError:
            return Finding(Level.OK, "check_socket_stale", blanks)
        except OSError as error:
            blanks["reason"] = error.strerror or str(error)
            return Finding(Level.FAIL, "check_socket_unusable", blanks)
    return Finding(Level.OK, "check_socket_live", blanks)


def _index(directory: Path) -> Finding:
    from daemon.index.pointer import current
    from daemon.store import Database

    file = current(directory)
    if file is None:
        return Finding(Level.WARN, "check_index_none", {"path": directory})
    Database.open(file, readonly=True).close()
    return Finding(Level.OK, "check_index", {"path": file})


def _embedder(config: Config, paths: Paths, environ: Mapping[str, str]) -> Finding:
    from daemon.models.minilm_files import find_model

    if config.embedder.kind is EmbedderKind.NONE:
        return Finding(Level.OK, "check_model_none")
    if config.embedder.kind in (EmbedderKind.GEMINI, EmbedderKind.OPENAI):
        return _served_embedder(config, paths, environ)
    model = find_model(paths.models_dirs)
    if model is not None:
        return Finding(Level.OK, "check_model", {"path": model})
    level = Level.FAIL if config.embedder.kind is EmbedderKind.MINILM else Level.WARN
    return Finding(level, "check_model_missing", {"path": paths.models_dirs[-1]})


def _served_embedder(config: Config, paths: Paths, environ: Mapping[str, str]) -> Finding:
    """Whether it gives a vector now, and what is kept from it."""
    from daemon.models.choice import choose_embedder

    try:
        embedder = choose_embedder(config.embedder, paths, environ)
        assert embedder is not None
        with contextlib.closing(embedder):
            blanks = {"embedder": embedder.name, "dimensions": embedder.dimensions}
    except AlvoError as error:
        return Finding(Level.FAIL, error=error)
    name = "check_embedder_remote" if embedder.remote else "check_embedder_served"
    return Finding(Level.OK, name, blanks)


def _reasoner(config: Config, paths: Paths, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Which model would be asked, what is kept from it, and whether it answers."""
    from daemon.models.address import server_address
    from daemon.models.choice import choose_model, key_file
    from daemon.models.keys import GEMINI, OPENAI, find_key

    settings = config.reasoner
    if settings.kind is ReasonerKind.OFFLINE:
        yield Finding(Level.OK, "check_key_unused")
        return
    places = OPENAI if settings.kind is ReasonerKind.OPENAI else GEMINI
    file = key_file(places, settings.key_file, paths)
    try:
        key = find_key(places, file, environ, named=bool(settings.key_file))
        # Without a model's name its server can still be asked which there are.
        named = (
            replace(settings, model=settings.model or _UNNAMED) if places is OPENAI else settings
        )
        model = choose_model(named, paths, environ)
    except AlvoError as error:
        yield Finding(Level.FAIL, error=error)
        return
    if model is None:
        yield Finding(Level.WARN, "check_key_none", {"path": file})
        return
    blanks = {"reasoner": model.name, "url": settings.base_url}
    if key is not None:
        yield Finding(Level.OK, "check_key", blanks | {"origin": key.origin})
    yield Finding(Level.OK, "check_private_kept" if model.remote else "check_private_shown", blanks)
    if settings.base_url and places is OPENAI and server_address(settings.base_url).open:
        yield Finding(Level.WARN, "check_way_open", blanks)
    yield _offer(model, settings.model)


def _offer(model: "LanguageModel", wanted: str) -> Finding:
    """What its server offers; what may be otherwise in a minute is a warning."""

    async def asked() -> list[str]:
        try:
            return await model.models()
        finally:
            await model.close()

    blanks: dict[str, Any] = {"reasoner": model.name, "model": wanted}
    try:
        names = asyncio.run(asked())
    except AlvoError as error:
        if error.type in (errors.REASONER_NO_KEY, errors.REASONER_WRONG_KEY):
            return Finding(Level.FAIL, error=error)
        return Finding(Level.WARN, "check_models_unheard", blanks, error)
    blanks["models"] = ", ".join(names[:_MODELS_SHOWN]) or "?"
    if not wanted and model.name.endswith(_UNNAMED):
        return Finding(Level.FAIL, "check_model_unset", blanks)
    if wanted and names and not {wanted, f"{wanted}:latest"} & set(names):
        return Finding(Level.WARN, "check_model_unlisted", blanks)
    return Finding(Level.OK, "check_models", blanks)


def _bash(program: str) -> Finding:
    blanks: dict[str, Any] = {"program": program}
    try:
        ran = subprocess.run([program, "--norc", "--noprofile", "-c", 'printf %s "$BASH_VERSION"'],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_BASH_S, check=False)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Finding(Level.FAIL, "check_bash_missing", blanks | {"reason": reason})
    if ran.returncode != 0 or not ran.stdout:
        return Finding(Level.FAIL, "check_bash_missing", blanks | {"reason": ran.stderr.strip()})
    return Finding(Level.OK, "check_bash", blanks | {"version": ran.stdout})


def _scopes(environ: Mapping[str, str]) -> Finding:
    """Whether sessions get systemd scopes of their own; without, their marks must do."""
    from daemon.shell.scope import Scopes

    if not Scopes(environ).is_there:
        return Finding(Level.OK, "check_scope_none")
    try:
        subprocess.run(["systemctl", "--user", "show", "--property=Version"],
            stdin=subprocess.DEVNULL, capture_output=True, env=dict(environ), timeout=_ASK_S, check=True)  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(Level.WARN, "check_scope_silent", {"reason": str(error)})
    return Finding(Level.OK, "check_scope")
