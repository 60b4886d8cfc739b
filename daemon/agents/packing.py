"""An agent as one file: a zip with a manifest and hashes; one that is taken in is hostile input."""

import base64
import contextlib
import errno
import hashlib
import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from daemon import VERSION
from daemon.agents.jobs import Unpack, Unpacked
from daemon.agents.naming import checked
from daemon.index.materials import Form, Spooled
from daemon.index.retrieval_model import RetrievalModel
from daemon.protocol import codec, errors
from daemon.protocol.agents import (
    AgentConfig,
    AgentExported,
    AgentProfile,
    EvaluationReport,
    Measure,
)
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Digest, Timestamp
from daemon.store.agents import StoredAgent, StoredVersion
from daemon.store.clock import timestamp
from daemon.store.failures import of_system
from prompts import Phrase

FORMAT: Final = 1
MODEL, PROFILE, REPORT = "model.bin", "profile.json", "report.json"
_MANIFEST: Final = "manifest.json"
_CHOSEN: Final = re.compile(r"[A-Za-z0-9 +,.-]{0,200}")
_DATA: Final = re.compile(r"data-[1-9][0-9]{0,3}\.jsonl")
_SMALL: Final = {_MANIFEST: 4 << 20, MODEL: 8 << 20, PROFILE: 1 << 20, REPORT: 1 << 20}
"""The most that each may have, in bytes, once unpacked."""
_MOST_MEMBERS: Final = 2000
_PIECE: Final = 1 << 20
_AT_ONCE: Final = 2 * _PIECE
"""Room for a directory of all the members there may be."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MOST_WORDS: Final = 200
_LONGEST: Final = 4000
_LONGEST_TITLE: Final = 200
_LONGEST_PATH: Final = 4096
_MOST_PAIRS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    size: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class _Manifest:
    format: int
    made_by: str
    user_id: str
    version: int
    config: AgentConfig
    chosen: str | None
    documents: int
    files: list[_Member]


def pack(
    path: str, agent: StoredAgent, version: StoredVersion, files: Sequence[Path]
) -> AgentExported:
    """Writes the new file for this user alone, whole or not at all; AGENT_EXPORT_FAILED,
    AGENT_DATA_LOST.
    """
    if not Path(path).is_absolute() or "\0" in path:
        raise _not_written(path, Phrase("agent_path_absolute"))
    for file in files:
        if not file.is_file():
            raise AlvoError(errors.AGENT_DATA_LOST, path=file)
    target = Path(path)
    # Its length says nothing about the target's, which may be as long as a name can be.
    temporary = target.parent / f".{os.urandom(8).hex()}"
    try:
        with open(temporary, "xb", opener=_private) as out:
            _write(out, agent, version, files)
            out.flush()
            os.fsync(out.fileno())
        _put_in_place(temporary, target)
        return AgentExported(path, target.stat().st_size, _digest_of(target))
    except FileExistsError:
        raise _not_written(path, Phrase("agent_file_exists")) from None
    except OSError as error:
        raise _not_written(path, error.strerror or "?") from None
    finally:
        # What kept it from being made may keep it from being looked for.
        with contextlib.suppress(OSError):
            temporary.unlink()


def _put_in_place(temporary: Path, target: Path) -> None:
    """As a rename, but never over what is there."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links.
        if target.exists():
            raise FileExistsError from None
        temporary.rename(target)


def copy_in(path: str, target: Path, max_bytes: int) -> None:
    """The file as it is now, into a place of ours; raises AGENT_IMPORT_INVALID."""
    if not Path(path).is_absolute() or "\0" in path:
        raise _not_taken(path, Phrase("agent_path_absolute"))
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        with (
            os.fdopen(os.open(path, flags), "rb") as given,
            open(target, "xb", opener=_private) as out,
        ):
            if not stat.S_ISREG(os.fstat(given.fileno()).st_mode):
                raise _not_taken(path, Phrase("unread_not_regular"))
            left = max_bytes
            while piece := given.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise _not_taken(path, Phrase("agent_too_large", limit=max_bytes))
                out.write(piece)
    except OSError as error:
        raise _of_system(error, path, target) from None


def unpack(job: Unpack) -> Unpacked:
    """Its parts as files of ours in `job.into`, every one of them as the manifest says."""
    try:
        with _Sparing(job.file) as file, zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive, job)
            for member in manifest.files:
                _extract(archive, member, job)
    except _Wrong as error:
        raise _not_taken(job.called, str(error)) from None
    except OSError as error:
        raise _of_system(error, job.called, Path(job.into)) from None
    except (zipfile.BadZipFile, codec.Malformed, UnicodeError, EOFError) as error:
        raise _not_taken(job.called, f"{type(error).__name__}: {error}"[:200]) from None
    except (NotImplementedError, RuntimeError, ValueError, OverflowError, zlib.error) as error:
        # What the library says of encrypted, strangely packed or damaged files.
        raise _not_taken(job.called, str(error)[:200]) from None
    return Unpacked(
        user_id=manifest.user_id,
        config=manifest.config,
        chosen=manifest.chosen,
        data=[one.name for one in manifest.files if _DATA.fullmatch(one.name)],
        documents=manifest.documents,
        has={name: (Path(job.into) / name).exists() for name in (MODEL, PROFILE, REPORT)},
    )


class _Wrong(Exception):
    """What is wrong about the file."""


class _Sparing(io.FileIO):
    """A file that is never read in one large piece. The library takes an archive's directory whole,
    and makes hundreds of bytes of each few in it, before anyone can count its members.
    """

    def read(self, size: int | None = -1) -> bytes:
        wanted = _AT_ONCE + 1 if size is None or size < 0 else size
        found = super().read(min(wanted, _AT_ONCE + 1))
        _require(len(found) <= _AT_ONCE, "too many members")
        return found


def _write(
    out: IO[bytes], agent: StoredAgent, version: StoredVersion, files: Sequence[Path]
) -> None:
    small: dict[str, bytes] = {}
    if version.model is not None:
        small[MODEL] = version.model
    if version.profile is not None:
        small[PROFILE] = codec.encode(version.profile)
    if version.report is not None:
        small[REPORT] = codec.encode(version.report)
    large = {f"data-{n}.jsonl": file for n, file in enumerate(files, 1)}
    members = [
        _Member(name, len(content), Digest(hashlib.sha256(content).hexdigest()))
        for name, content in small.items()
    ]
    members += [
        _Member(name, file.stat().st_size, _digest_of(file)) for name, file in large.items()
    ]
    manifest = _Manifest(
        format=FORMAT,
        made_by=VERSION,
        user_id=agent.user_id,
        version=version.number,
        config=agent.config,
        chosen=version.chosen,
        documents=version.documents,
        files=members,
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_info(_MANIFEST), codec.encode(manifest))
        for name, content in small.items():
            archive.writestr(_info(name), content)
        for name, file in large.items():
            with file.open("rb") as source, archive.open(_info(name), "w") as target:
                while piece := source.read(_PIECE):
                    target.write(piece)


def _info(name: str) -> zipfile.ZipInfo:
    """The same agent gives the same file."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def _manifest(archive: zipfile.ZipFile, job: Unpack) -> _Manifest:
    there = archive.infolist()
    _require(len(there) <= _MOST_MEMBERS, "too many members")
    names = [one.filename for one in there]
    _require(len(set(names)) == len(names), "a member twice")
    _require(_MANIFEST in names, "no manifest")
    for one in there:
        _require(one.filename in _SMALL or _DATA.fullmatch(one.filename), "an unknown member")
        _require(
            one.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED), "packed strangely"
        )
        _require(not one.flag_bits & 1, "encrypted")
        _require(one.file_size <= _SMALL.get(one.filename, job.max_bytes), "a member too large")
    _require(sum(one.file_size for one in there) <= job.max_bytes, "too large")
    with archive.open(_MANIFEST) as file:
        content = file.read(_SMALL[_MANIFEST] + 1)
    _require(len(content) <= _SMALL[_MANIFEST], "a member too large")
    manifest = codec.decode(content, _Manifest)
    _require(manifest.format == FORMAT, f"format {manifest.format}, known is {FORMAT}")
    listed = [one.name for one in manifest.files]
    _require(sorted([*listed, _MANIFEST]) == sorted(names), "not what its manifest lists")
    _require(any(_DATA.fullmatch(name) for name in listed), "no training data")
    _check(manifest, job)
    return manifest


def _check(manifest: _Manifest, job: Unpack) -> None:
    try:
        checked(manifest.user_id)
    except AlvoError:
        raise _Wrong("the name in its manifest is none") from None
    config = manifest.config
    _require(config.language in (None, "en", "pt"), "an unknown language")
    _require(len(config.description or "") <= _LONGEST, "a description too long")
    _require(0 <= config.seed < 2**32, "a seed out of range")
    # Each of them takes a line, so there are no more than bytes.
    _require(0 <= manifest.documents <= job.max_bytes, "documents out of range")
    _require(_CHOSEN.fullmatch(manifest.chosen or ""), "a name that training never gives")


def _extract(archive: zipfile.ZipFile, member: _Member, job: Unpack) -> None:
    hashed, size = hashlib.sha256(), 0
    target = Path(job.into) / member.name
    with archive.open(member.name) as source, open(target, "xb", opener=_private) as out:
        while piece := source.read(_PIECE):
            size += len(piece)
            # The directory of the archive may promise less than there is.
            _require(size <= member.size <= job.max_bytes, f"{member.name} is larger than it says")
            hashed.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    _require(size == member.size, f"{member.name} is smaller than it says")
    _require(hashed.hexdigest() == member.digest, f"the digest of {member.name} does not fit")
    _read(target, member.name, job)


def _read(file: Path, name: str, job: Unpack) -> None:
    """Every part has to be what it is taken for, down to its last line."""
    if name == PROFILE:
        profile = codec.decode(file.read_bytes(), AgentProfile)
        texts = [*profile.vocabulary, *profile.questions]
        _require(len(texts) <= 2 * _MOST_WORDS, "a profile too long")
        texts += [profile.expertise, profile.tone, profile.written_by]
        _require(all(len(text) <= _LONGEST for text in texts), "a profile too long")
    elif name == REPORT:
        _check_report(codec.decode(file.read_bytes(), EvaluationReport))
    elif name == MODEL:
        try:
            RetrievalModel.from_bytes(file.read_bytes())
        except AlvoError as error:
            raise _Wrong(f"{name}: {error.blanks.get('reason')}") from None
    else:
        with file.open("rb") as lines:
            while line := lines.readline(job.document_bytes + 1):
                _require(len(line) <= job.document_bytes, "a document too large")
                _check_document(codec.decode(line, Spooled), job)


def _check_report(report: EvaluationReport) -> None:
    """Shares and differences of shares; a sentence."""
    _require(0 <= report.pairs <= _MOST_PAIRS, "a report of too many questions")
    _require(len(report.reason) <= _LONGEST, "a report too long")
    figures = [report.keyword, report.baseline, report.trained]
    figures += [report.in_service] if report.in_service else []
    shares = [one for each in figures for one in (each.recall_5, each.mrr, each.ndcg_10)]
    shares += [report.support] if report.support else []
    _require(all(map(_is_share, shares)), "a figure out of range")
    difference = report.difference
    values = (difference.low, difference.mean, difference.high)
    _require(all(-1 <= one <= 1 for one in values), "a figure out of range")


def _is_share(measure: Measure) -> bool:
    return all(0 <= one <= 1 for one in (measure.low, measure.mean, measure.high))


def _check_document(document: Spooled, job: Unpack) -> None:
    """As it comes from who was given it: it is cited by its path, and read by its form."""
    _require(0 < len(document.path) <= _LONGEST_PATH, "a path too long, or none")
    _require("\0" not in document.path, "a path that no file can have")
    _require(len(document.title) <= _LONGEST_TITLE, "a title too long")
    _require(1 <= document.part <= job.max_bytes, "a part out of range")
    if document.form is Form.FILE:
        base64.b64decode(document.text, validate=True)
    _require(document.modified_at is None or _is_moment(document.modified_at), "no time")


def _is_moment(text: Timestamp) -> bool:
    """As our own are written: citations and screens rely on it."""
    return timestamp(datetime.fromisoformat(text)) == text


def _require(fits: object, otherwise: str) -> None:
    if not fits:
        raise _Wrong(otherwise)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _digest_of(file: Path) -> Digest:
    with file.open("rb") as opened:
        return Digest(hashlib.file_digest(opened, "sha256").hexdigest())


def _not_written(path: str, reason: object) -> AlvoError:
    return AlvoError(errors.AGENT_EXPORT_FAILED, path=path, reason=reason)


def _of_system(error: OSError, path: str, ours: Path) -> AlvoError:
    """A full disk is ours, and says nothing of the file; else a strange file may lead anywhere."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return of_system(error, ours)
    return _not_taken(path, error.strerror or str(error)[:200])


def _not_taken(path: str, reason: object) -> AlvoError:
    return AlvoError(errors.AGENT_IMPORT_INVALID, path=path, reason=reason)
