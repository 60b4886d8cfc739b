"""`alvo`: finds the command that was asked for, runs it, and says in a sentence what went wrong."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from client.console import Console
from client.dispatch import run_command
from client.remote import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, RemoteError
from client.table import BY_NAME, nearest


def main(arguments: list[str] | None = None) -> int:
    """The exit status (design §11)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _open_what_is_closed()
    _never_refuse_a_character()
    console = Console(os.environ)
    try:
        status = _run(console, arguments)
        sys.stdout.flush()
        return status
    except RemoteError as error:
        console.error(error.message, error.action)
        return error.exit_status
    except KeyboardInterrupt:
        console.notice("\n")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        _forget_output()
        return EXIT_OK
    except OSError as error:
        # A disk without room behind `>`, a terminal that is gone.
        _forget_output()
        console.error(console.words("system_refuses", reason=error.strerror or str(error)), "")
        return EXIT_FAILED


def _run(console: Console, arguments: list[str]) -> int:
    # Alone on a terminal it opens the shell, and starts the daemon if none runs.
    name, *rest = arguments or (["shell", "--start"] if sys.stdin.isatty() else ["help"])
    name = {"-h": "help", "--help": "help", "-V": "version", "--version": "version"}.get(name, name)
    if name == "version":
        return _version(console)
    if name not in BY_NAME:
        raise _unknown(console, name)
    return run_command(console, name, rest)


def _forget_output() -> None:
    """The interpreter must not try to flush it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _open_what_is_closed() -> None:
    """Started with `>&-`, say: the next file opened must not pass for the output."""
    for stream in ("stdin", "stdout", "stderr"):
        if getattr(sys, stream) is None:
            mode = "r" if stream == "stdin" else "w"
            setattr(sys, stream, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  # as long as we live; pathlib costs 6 ms


def _never_refuse_a_character() -> None:
    """A locale that has no “✓” gets another sign in its place, and no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _version(console: Console) -> int:
    from client.connection import VERSION

    console.result(f"alvo {VERSION}\n")
    return EXIT_OK


def _unknown(console: Console, name: str) -> RemoteError:
    from client.usage import UsageError

    close = nearest(name)
    action = console.words("usage_nearest", command=close) if close else console.words("usage_all")
    return UsageError(console.words("usage_unknown", command=name), action)


if __name__ == "__main__":
    sys.exit(main())
