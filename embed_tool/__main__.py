"""The command `alvo-embed`: reads its arguments, runs one command, says what went wrong."""

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

import prompts
from daemon.config import Paths, load_config, private_directory
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import SearchMode
from embed_tool import words
from embed_tool.context import Context
from embed_tool.report import JsonReport, PersonReport

INTERRUPTED: Final = 130
_LOG: Final = "alvo-embed.log"

Command = Callable[[Context, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    given = _parser().parse_args(arguments)
    language = prompts.language_of(os.environ)
    signal.signal(signal.SIGTERM, _interrupt)
    report = JsonReport() if given.json else PersonReport(language)
    try:
        paths = Paths.from_environment(os.environ)
        context = Context(paths, load_config(paths, os.environ), language, report)
        command: Command = given.command
        return command(context, given)
    except AlvoError as error:
        return _failed(error, language, as_json=given.json)
    except KeyboardInterrupt:
        report.notice(prompts.phrase("embed_interrupted", language))
        return INTERRUPTED
    except BrokenPipeError:
        # Who read our output is gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception:  # noqa: BLE001  (a person gets a sentence, the log the traceback)
        return _failed(_unexpected(), language, as_json=given.json)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _failed(error: AlvoError, language: str, *, as_json: bool) -> int:
    message, action = words.sentence(error, language)
    if as_json:
        value = {
            "event": "error",
            "code": error.type.code,
            "name": error.type.name,
            "message": message,
            "action": action,
            "blanks": {name: str(value) for name, value in words.blanks(error, language).items()},
        }
        from daemon.protocol.escape import escape_json

        sys.stdout.write(escape_json(codec.encode(value).decode()) + "\n")
    else:
        from daemon.protocol.escape import escape

        sys.stderr.write(f"{escape(message)}\n{action}\n")
    return 1


def _unexpected() -> AlvoError:
    log = Paths.from_environment(os.environ).state_dir / _LOG
    reference = f"{os.getpid():x}"
    try:
        private_directory(log.parent)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"[{reference}] {traceback.format_exc()}\n")
    except OSError:
        traceback.print_exc()
    return AlvoError(errors.INTERNAL_ERROR, reference=reference, log=log)


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="one JSON object a line")
    parser = argparse.ArgumentParser(
        prog="alvo-embed", description="Keeps the index of a person's documents."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=text, description=text)
        made.set_defaults(command=run)
        return made

    made = command("add", _add, "Index folders or files; give it again to go on.")
    made.add_argument("paths", nargs="+", metavar="PATH")
    made.add_argument("--name", help="what the source is called (one PATH only)")
    made.add_argument("--private", action="store_true", help="never shown to a remote model")
    made.add_argument("--later", action="store_true", help="only note it; a refresh reads it")
    made = command("remove", _remove, "Forget sources; the files stay.")
    made.add_argument("sources", nargs="+", metavar="SOURCE", help="id, name or path")
    command("list", _list, "The sources, with what could not be read in them.")
    made = command("refresh", _refresh, "Index what has changed.")
    made.add_argument("sources", nargs="*", metavar="SOURCE", help="id, name or path; else all")
    made = command("watch", _watch, "Index what changes, as it changes, until interrupted.")
    made.add_argument("sources", nargs="*", metavar="SOURCE", help="id, name or path; else all")
    command("rebuild", _rebuild, "Make the index anew beside the old one, then switch.")
    made = command("verify", _verify, "Compare the index with the disk, content by content.")
    made.add_argument("sources", nargs="*", metavar="SOURCE", help="id, name or path; else all")
    command("status", _status, "What the index holds, with which model, how files are read.")
    made = command("search", _search, "What a question would find.")
    made.add_argument("query", nargs="+", metavar="QUERY")
    made.add_argument("-k", type=_positive, default=8, help="how many (8)")
    made.add_argument("--mode", type=SearchMode, default=SearchMode.HYBRID, choices=SearchMode)
    made.add_argument("--filter", metavar="PREFIX", help="only paths that begin so")
    # Not listed: the daemon's way to read a page of the internet.
    made = commands.add_parser("page", parents=[common], description="Reads a page from stdin.")
    made.set_defaults(command=_page)
    made.add_argument("--type", default="text/html", help="its media type")
    made.add_argument("--charset", default="", help="its encoding, as the server said")
    made.add_argument("--seconds", type=float, default=20.0, help="how long reading may take")
    # Not listed either: how the documents of an agent are read.
    made = commands.add_parser("extract", parents=[common], description="Cuts spooled documents.")
    made.set_defaults(command=_extract)
    made.add_argument("--out", required=True, help="the new file that takes the passages")
    made.add_argument("files", nargs="+", metavar="FILE", help="JSON lines of documents")
    _database_commands(command("database", _nothing, "Databases: what they hold, for questions."))
    made = command("model", _fetch, "Fetch the weights of the embedder, once.")
    made.add_argument("action", choices=["fetch"])
    made.add_argument("--force", action="store_true", help="even if they are there")
    return parser


def _database_commands(parser: argparse.ArgumentParser) -> None:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="one JSON object a line")
    commands = parser.add_subparsers(metavar="ACTION", required=True)

    def command(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=text, description=text)
        made.set_defaults(command=run)
        return made

    made = command("add", _database_add, "Collect what databases hold; of a folder all in it.")
    made.add_argument("paths", nargs="+", metavar="PATH", help="SQLite, CSV, TSV, or a folder")
    made.add_argument("--name", help="what the database is called (one PATH only)")
    made.add_argument("--private", action="store_true", help="never shown to a remote model")
    made.add_argument("--later", action="store_true", help="only note it; a refresh reads it")
    command("list", _database_list, "The databases, with what could not be read.")
    made = command("remove", _database_remove, "Forget databases; the files stay.")
    made.add_argument("names", nargs="+", metavar="DATABASE", help="name, id or path")
    made = command("refresh", _database_refresh, "Collect anew what has changed.")
    made.add_argument("names", nargs="*", metavar="DATABASE", help="name, id or path; else all")
    made = command("annotate", _database_annotate, "Say what a table or column holds.")
    made.add_argument("--column", default="", help="of this column of the table")
    made.add_argument("name", metavar="DATABASE", help="name or id")
    made.add_argument("table", metavar="TABLE")
    made.add_argument("text", metavar="TEXT", help="empty: take it back")
    made = command("describe", _database_describe, "Keep what a reasoner says of its tables.")
    made.add_argument("name", metavar="DATABASE", help="name or id; JSON on standard input")


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError("from 1 to 100")
    return number


# Each imports what it needs when it runs: --help and the light commands start quickly.


def _add(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import documents

    if given.name and len(given.paths) > 1:
        sys.stderr.write(prompts.phrase("embed_one_name", context.language) + "\n")
        return 2
    return documents.add(context, given.paths, given.name, private=given.private, later=given.later)


def _remove(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import documents

    return documents.remove(context, given.sources)


def _refresh(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import documents

    return documents.refresh(context, given.sources)


def _watch(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import watching

    return watching.watch(context, given.sources)


def _rebuild(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import documents

    del given
    return documents.rebuild(context)


def _list(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import overview

    del given
    return overview.list_sources(context)


def _verify(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import overview

    return overview.verify(context, given.sources)


def _status(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import overview

    del given
    return overview.status(context)


def _search(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import overview

    query = " ".join(given.query)
    return overview.search(context, query, given.k, given.mode, given.filter)


def _page(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import page

    return page.read(context, given.type, given.charset, given.seconds)


def _extract(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import extract

    return extract.run(context, given.files, given.out)


def _nothing(context: Context, given: argparse.Namespace) -> int:
    """In place of a command that needs a second word, which argparse asks for."""
    raise AssertionError((context, given))


def _database_add(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import databases

    if given.name and len(given.paths) > 1:
        sys.stderr.write(prompts.phrase("embed_one_name", context.language) + "\n")
        return 2
    return databases.add(context, given.paths, given.name, private=given.private, later=given.later)


def _database_list(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import databases

    del given
    return databases.list_databases(context)


def _database_remove(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import databases

    return databases.remove(context, given.names)


def _database_refresh(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import databases

    return databases.refresh(context, given.names)


def _database_annotate(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import databases

    return databases.annotate(context, given.name, given.table, given.column, given.text)


def _database_describe(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import databases

    return databases.describe(context, given.name)


def _fetch(context: Context, given: argparse.Namespace) -> int:
    from embed_tool import weights

    return weights.fetch(context, force=given.force)


if __name__ == "__main__":
    sys.exit(main())
