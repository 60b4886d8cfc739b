"""Which variables of the daemon's environment a session may see."""

import os
import pwd
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from prompts import Phrase

# XDG_* and TMPDIR say where this person's files are: without them programs would put theirs
# elsewhere. XDG_RUNTIME_DIR is needed by `systemctl --user`; it also shows where our socket is,
# which any program of this account can guess: what guards the socket is `Shell.descends`.
_ALWAYS: Final = (
    "PATH",
    "LANG",
    "LANGUAGE",
    "SHELL",
    "TMPDIR",
    "TZ",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
)
# A terminal makes pagers live, and attacks through them; so there are none unless asked for.
_FIXED: Final = {"TERM": "dumb", "PAGER": "cat", "GIT_PAGER": "cat"}
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"

# Never let through, whatever the configuration says: keys, what systemd gave to the daemon,
# our own variables, and what makes bash run or load something before the approved script.
_KEYS: Final = re.compile(r".*API_?KEY.*", re.IGNORECASE)
_NEVER: Final = re.compile(
    r"CREDENTIALS_DIRECTORY|NOTIFY_SOCKET|LISTEN_\w+|WATCHDOG_\w+|ALVO_\w*"
    r"|BASH\w*|ENV|SHELLOPTS|PS[0-4]|PROMPT_COMMAND|IFS|CDPATH|LD_\w+|GLIBC_TUNABLES",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# Also not to be set for one command: they change what the words of the script mean, or cannot be
# set. A key can: it is then one that the person gave for this command.
_MEANING: Final = frozenset(
    {
        *("PATH", "HOME", "PWD", "OLDPWD", "SHELL", "TERM", "POSIXLY_CORRECT", "EXECIGNORE"),
        *("UID", "EUID", "PPID", "GROUPS", "FUNCNAME", "DIRSTACK", "REPLY", "LINENO", "RANDOM"),
        *("SRANDOM", "SECONDS", "EPOCHSECONDS", "EPOCHREALTIME", "HISTCMD", "TMOUT", "_"),
    }
)
_VALUES_MAX: Final = 32 * 1024


def session_environment(
    environ: Mapping[str, str], more: Iterable[str], home: Path
) -> dict[str, str]:
    """An allow-list; `more` are the names that the configuration adds to it."""
    names = {*_ALWAYS, *more, *(name for name in environ if name.startswith("LC_"))}
    let_through = {
        name: environ[name]
        for name in names
        if name in environ and not (_NEVER.fullmatch(name) or _KEYS.fullmatch(name))
    }
    user = environ.get("USER") or environ.get("LOGNAME") or _account()
    return {
        "PATH": _PATH,
        "LANG": "C.UTF-8",
        **let_through,
        **{name: value for name, value in _FIXED.items() if name not in more},
        "HOME": str(home),
        "USER": user,
        "LOGNAME": user,
    }


def persons_umask(environ: Mapping[str, str]) -> int | None:
    """What the person's umask was before the daemon took a stricter one; None: it took none."""
    try:
        return int(environ["ALVO_UMASK"], 8) & 0o777
    except (KeyError, ValueError):
        return None


def _account() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def check_variables(variables: Mapping[str, str]) -> None:
    """What may be set for one command: COMMAND_INVALID names what may not."""
    for name, value in variables.items():
        if not _NAME.fullmatch(name) or _NEVER.fullmatch(name) or name in _MEANING:
            reason = Phrase("reason_variable", name=repr(name))
            raise AlvoError(errors.COMMAND_INVALID, reason=reason)
        if "\0" in value:
            reason = Phrase("reason_variable_nul", name=name)
            raise AlvoError(errors.COMMAND_INVALID, reason=reason)
    if sum(len(value.encode(errors="replace")) for value in variables.values()) > _VALUES_MAX:
        raise AlvoError(errors.COMMAND_INVALID, reason=Phrase("reason_variables_long"))
