"""`alvo agents`: trains agents from a person's data, shows how they do, asks them, moves them."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace

from client.console import Console
from client.place import absolute, fitting
from client.prose import one_line
from client.remote import EXIT_FAILED, EXIT_OK
from client.screens.agents import (
    agent_lines,
    deleted_screen,
    details_screen,
    training_text,
    versions_screen,
)
from client.table import AGENT_VERBS
from client.usage import Parser, UsageError

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from typing import Any

    from daemon.protocol.agents import (
        Agent,
        AgentCreated,
        AgentDeleted,
        AgentDetails,
        AgentExported,
        AgentList,
        AgentVersions,
    )

_LOOK_S = 0.25
_MOST_DIGITS = 18
_MOST_STDIN = 7 * 1024 * 1024
"""What fits one message; more goes by file."""


def arguments(parser: Parser, name: str) -> None:
    assert name == "agents"
    parser.json()
    parser.option("--names", help_="help_agent_names", action="store_true")
    parser.option("--private", help_="help_agent_private", action="store_true")
    parser.option("--language", help_="help_agent_language", metavar="en|pt")
    parser.option("--description", help_="help_agent_description", metavar="TEXT")
    parser.option("--seed", help_="help_agent_seed", type=int, metavar="N")
    parser.option("--version", help_="help_agent_version", type=int, metavar="N")
    parser.option("--no-wait", help_="help_agent_no_wait", action="store_true")
    parser.option("--no-input", help_="help_no_input", action="store_true")
    parser.word(
        "verb", "help_agents_verb", nargs="?", choices=("list", *AGENT_VERBS), default="list"
    )
    parser.word("name", "help_agents_name", nargs="?", metavar="NAME")
    parser.word("rest", "help_agents_rest", nargs="*", metavar="FILE|TEXT")


def run(console: Console, name: str, given: Namespace) -> int:
    if given.verb == "list":
        return _list(console, given)
    if not given.name:
        lacks = "agent_file_missing" if given.verb == "import" else "agent_name_missing"
        raise _wrong_words(console, lacks, command=f"{name} {given.verb}")
    run_verb = {
        "create": _train,
        "add": _train,
        "status": _status,
        "show": _show,
        "ask": _ask,
        "versions": _versions,
        "rollback": _roll_back,
        "export": _export,
        "import": _import,
        "delete": _delete,
    }[given.verb]
    return run_verb(console, given)


def _wrong_words(console: Console, phrase: str, **blanks: str) -> UsageError:
    words = console.words
    return UsageError(words(phrase, **blanks), words("usage_next", command="agents"))


def _list(console: Console, given: Namespace) -> int:
    listed: AgentList = console.call("agent.list")
    if given.json:
        console.document(listed)
    elif given.names:
        console.result("".join(f"{one.user_id}\n" for one in listed.agents))
    elif not listed.agents:
        console.say(console.words("agents_none"))
    else:
        for agent in listed.agents:
            console.screen(agent_lines(agent, console.words, console.paint))
    return EXIT_OK


def _train(console: Console, given: Namespace) -> int:
    """`create` and `add`: from files, or from what is piped in."""
    params: dict[str, Any] = {
        "user_id": given.name,
        "files": _files(console, given),
    }
    if "-" in given.rest or not given.rest:
        params["training_data"] = _standard_input(console, given)
    if given.verb == "create":
        config = {
            "language": given.language,
            "description": given.description,
            "seed": given.seed,
            "private": given.private or None,
        }
        params["config"] = {name: one for name, one in config.items() if one is not None}
    made: AgentCreated = console.call(f"agent.{given.verb}", **params)
    if given.no_wait:
        if given.json:
            console.document(made)
        else:
            console.say(made.message)
        return EXIT_OK
    return _watched(console, given.name, given)


def _files(console: Console, given: Namespace) -> list[str]:
    named = [one for one in given.rest if one != "-"]
    for one in named:
        if one.startswith(("http://", "https://")):
            raise UsageError(
                console.words("agent_address", address=one_line(one)),
                console.words("agent_address_next"),
            )
    return [file for one in named for file in fitting(one, console.environ)]


def _standard_input(console: Console, given: Namespace) -> str:
    piped = sys.stdin is not None and not sys.stdin.isatty()
    data = sys.stdin.buffer.read(_MOST_STDIN + 1) if piped else b""
    if not data.strip():
        raise UsageError(
            console.words("agent_nothing_given", agent=given.name),
            console.words("agent_nothing_next", verb=given.verb, agent=given.name),
        )
    if len(data) > _MOST_STDIN:
        raise UsageError(
            console.words("agent_stdin_large", limit=_MOST_STDIN),
            console.words("agent_stdin_next", agent=given.name),
        )
    return data.decode("utf-8", "replace")


def _watched(console: Console, name: str, given: Namespace) -> int:
    """Its training until it ends; Ctrl-C stops the watching, not the training."""
    agent: Agent = console.call("agent.status", user_id=name)
    try:
        while agent.training is not None:
            waits = f"{one_line(agent.error.message)} · " if agent.error is not None else ""
            console.progress(waits + training_text(agent, console.words))
            time.sleep(_LOOK_S)
            agent = console.call("agent.status", user_id=name)
    except KeyboardInterrupt:
        console.say(console.words("agent_goes_on", agent=name))
        raise
    console.clear_progress()
    if given.json:
        console.document(agent)
    else:
        details: AgentDetails = console.call("agent.get", user_id=name)
        console.screen(agent_lines(agent, console.words, console.paint))
        console.screen(versions_screen(details.versions[:1], console.words, console.paint))
    return EXIT_FAILED if agent.error is not None else EXIT_OK


def _status(console: Console, given: Namespace) -> int:
    agent: Agent = console.call("agent.status", user_id=given.name)
    if given.json:
        console.document(agent)
    else:
        console.screen(agent_lines(agent, console.words, console.paint))
    return EXIT_OK


def _show(console: Console, given: Namespace) -> int:
    details: AgentDetails = console.call("agent.get", user_id=given.name)
    if given.json:
        console.document(details)
    else:
        console.screen(details_screen(details, console.words, console.paint))
    return EXIT_OK


def _ask(console: Console, given: Namespace) -> int:
    """The same as `alvo ask --agent NAME`."""
    from client.commands.ask import start
    from client.ids import new_id

    question = " ".join(given.rest).strip()
    if not question:
        raise _wrong_words(console, "agent_question_missing", agent=given.name)
    started = {
        "flow_id": new_id(),
        "question": question,
        "agent": given.name,
        "cwd": os.getcwd(),  # noqa: PTH109  (pathlib costs 6 ms)
    }
    return start(console, started, as_json=given.json, ask=not given.no_input)


def _versions(console: Console, given: Namespace) -> int:
    found: AgentVersions = console.call("agent.versions", user_id=given.name)
    if given.json:
        console.document(found)
    else:
        console.screen(versions_screen(found.versions, console.words, console.paint))
    return EXIT_OK


def _roll_back(console: Console, given: Namespace) -> int:
    version = given.version
    if version is None and given.rest:
        word = given.rest[0]
        if not word.isascii() or not word.isdigit() or len(word) > _MOST_DIGITS:
            raise UsageError(
                console.words("agent_version_no_number", version=one_line(word)),
                console.words("agent_version_next", agent=given.name),
            )
        version = int(word)
    agent: Agent = console.call("agent.rollback", user_id=given.name, version=version)
    if given.json:
        console.document(agent)
    else:
        _done(console, "agent_rolled_back", agent=agent.user_id, version=agent.version)
    return EXIT_OK


def _export(console: Console, given: Namespace) -> int:
    path = given.rest[0] if given.rest else f"{given.name}.alvo-agent"
    made: AgentExported = console.call(
        "agent.export",
        user_id=given.name,
        path=absolute(path, console.environ),
    )
    if given.json:
        console.document(made)
    else:
        from client.moments import size

        _done(console, "agent_exported", path=one_line(made.path), size=size(made.size_bytes))
    return EXIT_OK


def _import(console: Console, given: Namespace) -> int:
    """`import FILE`, or `import NAME FILE` to call it otherwise."""
    name, path = (given.name, given.rest[0]) if given.rest else (None, given.name)
    agent: Agent = console.call(
        "agent.import",
        user_id=name,
        path=absolute(path, console.environ),
    )
    if not given.no_wait:
        return _watched(console, agent.user_id, given)
    if given.json:
        console.document(agent)
    return EXIT_OK


def _delete(console: Console, given: Namespace) -> int:
    gone: AgentDeleted = console.call("agent.delete", user_id=given.name)
    if given.json:
        console.document(gone)
    else:
        console.screen(deleted_screen(gone, console.words, console.paint))
    return EXIT_OK


def _done(console: Console, phrase: str, **blanks: Any) -> None:
    said = console.words(phrase, **blanks)
    console.notice(console.paint_notice(f"✓ {said}", "green") + "\n")
