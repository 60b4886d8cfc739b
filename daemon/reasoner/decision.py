"""The decision: one JSON object, the same for every model and every round."""

import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from daemon.protocol import codec
from daemon.protocol.values import (
    ReplyType,
    SourceName,
)
from daemon.reasoner import reading

LONGEST_QUESTION: Final = 4_000
"""For a person to read before they answer."""
MOST_STEPS: Final = 50
MOST_MISSING: Final = 20
MOST_URLS: Final = 10
LONGEST_SCRIPT: Final = 65_536
LARGEST_PLAN: Final = 262_144
"""Bytes of a whole plan as it travels: an inquiry that fits no message could not be answered."""
SEARCHED: Final = (SourceName.DATABASE, SourceName.USER, SourceName.INTERNET)
"""Where something missing may be expected: the documents were looked through already."""

# A secret is given to the commands under its name: it must not become a way to steer them.
_RESERVED: Final = frozenset(
    word
    for line in (
        "PATH HOME SHELL USER LOGNAME PWD OLDPWD IFS ENV CDPATH GLOBIGNORE TERM DISPLAY EDITOR",
        "VISUAL PAGER MANPAGER BROWSER PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 SHELLOPTS TMPDIR LANG",
        "POSIXLY_CORRECT LANGUAGE TZ EXECIGNORE FIGNORE FCEDIT INPUTRC TMOUT UID EUID PPID GROUPS",
        "FUNCNAME FUNCNEST DIRSTACK PIPESTATUS REPLY LINENO RANDOM SRANDOM SECONDS EPOCHSECONDS",
        "EPOCHREALTIME OPTARG OPTERR OPTIND MAIL MAILPATH MAILCHECK CREDENTIALS_DIRECTORY",
        "NOTIFY_SOCKET GLIBC_TUNABLES GCONV_PATH LOCPATH NLSPATH HOSTALIASES RES_OPTIONS TERMINFO",
        "MAKEFLAGS MAKEFILES TAR_OPTIONS GREP_OPTIONS LESS LESSOPEN LESSCLOSE RSYNC_RSH CVS_RSH",
        "CURL_HOME WGETRC OPENSSL_CONF OPENSSL_MODULES _",
    )
    for word in line.split()
)
_RESERVED_BEGINNINGS: Final = (
    *("BASH", "LD_", "DYLD_", "LC_", "XDG_", "ALVO_", "GIT_", "SSH_", "LISTEN_", "WATCHDOG_"),
    *("HIST", "COMP_", "READLINE_", "PYTHON", "PERL", "RUBY", "NODE_", "MALLOC_", "SUDO_"),
)
_RESERVED_ENDS: Final = ("_PROXY", "_OPTIONS", "JAVA_OPTS")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class PlanItem:
    explanation: str
    script: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is not known yet, and where the reasoner expects it."""

    information: str
    source: SourceName
    question: str = ""
    secret: bool = False
    name: str = ""
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """`final`: its answer is delivered as it stands, without a second call that writes it anew.

    `deferred`: not enough before the search; to be decided again after it, whatever it brought.
    """

    type: ReplyType
    enough: bool
    answer: str = ""
    sources: tuple[SourceName, ...] = ()
    plan: tuple[PlanItem, ...] = ()
    missing: tuple[Missing, ...] = ()
    final: bool = False
    deferred: bool = False


def decision_schema() -> dict[str, Any]:
    """The JSON Schema that models are asked to fill."""
    text = {"type": "string"}
    step = _object({"explanation": text, "script": text}, ["explanation", "script"])
    missing = _object(
        {
            "information": text,
            "source": {"type": "string", "enum": [str(name) for name in SEARCHED]},
            "question": text,
            "secret": {"type": "boolean"},
            "name": text,
            "urls": {"type": "array", "items": text},
        },
        ["information", "source"],
    )
    return _object(
        {
            "type": {"type": "string", "enum": [str(type_) for type_ in ReplyType]},
            "enough": {"type": "boolean"},
            "answer": text,
            "sources": {
                "type": "array",
                "items": {"type": "string", "enum": [str(name) for name in SourceName]},
            },
            "plan": {"type": "array", "items": step},
            "missing": {"type": "array", "items": missing},
        },
        ["type", "enough"],
    )


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


def decode_decision(text: str, reasoner: str) -> Decision:
    """A model's reply as a decision. Anything else is `REASONER_INVALID_REPLY`, whatever it is.

    More fields, nulls for what was left out and a code fence around it are let pass.
    """
    wire = reading.read(text, _Decision, reasoner)
    try:
        return _checked(wire)
    except _Unfit as error:
        raise reading.invalid(reasoner, str(error)) from None


@dataclass(frozen=True, slots=True)
class _Step:
    script: str
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class _Missing:
    information: str
    source: SourceName
    question: str | None = None
    secret: bool | None = None
    name: str | None = None
    urls: list[str] | None = None


@dataclass(frozen=True, slots=True)
class _Decision:
    type: ReplyType
    enough: bool
    answer: str | None = None
    sources: list[SourceName] | None = field(default=None)
    plan: list[_Step] | None = field(default=None)
    missing: list[_Missing] | None = field(default=None)


class _Unfit(Exception):
    """Well-formed, and yet not to be used."""


def _checked(wire: _Decision) -> Decision:
    answer = (wire.answer or "").strip()
    plan: tuple[PlanItem, ...] = ()
    missing: tuple[Missing, ...] = ()
    if not wire.enough:
        missing = _missing(wire.missing or [])
    elif wire.type is ReplyType.TASK:
        plan = _plan(wire.plan or [])
    elif not answer:
        raise _Unfit("enough is true, but answer is empty")
    return Decision(
        type=wire.type,
        enough=wire.enough,
        answer=answer,
        sources=tuple(dict.fromkeys(wire.sources or [])),
        plan=plan,
        missing=missing,
    )


def _plan(steps: list[_Step]) -> tuple[PlanItem, ...]:
    if not steps:
        raise _Unfit("type is task and enough is true, but plan is empty")
    if len(steps) > MOST_STEPS:
        raise _Unfit(f"plan has more than {MOST_STEPS} steps")
    for n, step in enumerate(steps):
        if not step.script.strip():
            raise _Unfit(f"plan[{n}].script is empty")
        if len(step.script) > LONGEST_SCRIPT:
            raise _Unfit(f"plan[{n}].script is longer than {LONGEST_SCRIPT} characters")
        if "\0" in step.script:
            raise _Unfit(f"plan[{n}].script holds a NUL character")
        if len(step.explanation or "") > LONGEST_QUESTION:
            raise _Unfit(f"plan[{n}].explanation is longer than {LONGEST_QUESTION} characters")
    plan = tuple(PlanItem((step.explanation or "").strip(), step.script) for step in steps)
    if len(codec.encode(plan)) > LARGEST_PLAN:
        raise _Unfit(f"plan is larger than {LARGEST_PLAN} bytes")
    return plan


def _missing(pieces: list[_Missing]) -> tuple[Missing, ...]:
    if len(pieces) > MOST_MISSING:
        raise _Unfit(f"missing has more than {MOST_MISSING} pieces")
    return tuple(_piece(n, piece) for n, piece in enumerate(pieces))


def _piece(n: int, piece: _Missing) -> Missing:
    if not piece.information.strip():
        raise _Unfit(f"missing[{n}].information is empty")
    if piece.source not in SEARCHED:
        raise _Unfit(f"missing[{n}].source is {piece.source}: that was searched already")
    if max(len(piece.information), len(piece.question or "")) > LONGEST_QUESTION:
        raise _Unfit(f"missing[{n}] is longer than {LONGEST_QUESTION} characters")
    name, urls = (piece.name or "").strip(), piece.urls or []
    if piece.secret and not name:
        raise _Unfit(f"missing[{n}] is secret, but has no name")
    if name and not usable_name(name):
        raise _Unfit(f"missing[{n}].name is no name for a variable of its own")
    if len(urls) > MOST_URLS:
        raise _Unfit(f"missing[{n}].urls has more than {MOST_URLS} addresses")
    for url in urls:
        if not _is_web_address(url):
            raise _Unfit(f"missing[{n}].urls holds something else than an http or https address")
    return Missing(
        information=piece.information.strip(),
        source=piece.source,
        question=(piece.question or "").strip(),
        secret=bool(piece.secret),
        name=name,
        urls=tuple(dict.fromkeys(urls)),
    )


def usable_name(name: str) -> bool:
    """Whether a variable of this name can be given to a command without steering its shell."""
    upper = name.upper()
    return (
        bool(_NAME.fullmatch(name))
        and upper not in _RESERVED
        and not upper.startswith(_RESERVED_BEGINNINGS)
        and not upper.endswith(_RESERVED_ENDS)
    )


def _is_web_address(url: str) -> bool:
    if not url.isprintable() or " " in url or len(url) > 2000:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
