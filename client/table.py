"""Every command once: dispatch, help and completion of both the one-shot client and the shell."""

from collections.abc import Iterable


class Command:
    """`module`: in `client.commands`. `takes`: what its words are, for completion."""

    __slots__ = ("in_shell", "module", "name", "takes", "words")

    def __init__(
        self,
        name: str,
        module: str,
        takes: str = "",
        words: tuple[str, ...] = (),
        *,
        in_shell: bool = True,
    ) -> None:
        self.name = name
        self.module = module
        self.takes = takes
        self.words = words
        self.in_shell = in_shell


AGENT_VERBS = (
    "create",
    "add",
    "status",
    "show",
    "ask",
    "versions",
    "rollback",
    "export",
    "import",
    "delete",
)
COMMANDS = (
    Command("ask", "ask", in_shell=False),
    Command("run", "ask", "path", in_shell=False),
    Command("shell", "shell", in_shell=False),
    Command("flows", "flows"),
    Command("show", "flows", "flow"),
    Command("attach", "attach", "flow"),
    Command("cancel", "flows", "flow"),
    Command("retry", "attach", "flow"),
    Command("why", "why", "flow"),
    Command("undo", "previews", "flow"),
    Command("delete", "flows", "flow"),
    Command("inquiries", "inquiries"),
    Command("allow", "inquiries", "inquiry"),
    Command("preview", "previews", "inquiry"),
    Command("apply", "previews", "inquiry"),
    Command("edit", "inquiries", "inquiry"),
    Command("deny", "inquiries", "inquiry"),
    Command("reply", "inquiries", "inquiry"),
    Command("search", "search"),
    Command("sources", "sources", "path", ("add", "remove", "refresh")),
    Command("databases", "databases", "database", ("annotate",)),
    Command("sql", "databases", "database"),
    Command("agents", "agents", "agent", AGENT_VERBS),
    Command("permissions", "permissions", "", ("add", "revoke")),
    Command("audit", "audit", "", ("verify",)),
    Command("sessions", "sessions", "", ("end",)),
    Command("status", "status"),
    Command("doctor", "doctor"),
    Command("web", "web"),
    Command("stop", "stop", in_shell=False),
    Command("prompt", "prompt", in_shell=False),
    Command("completions", "completions", "", ("bash", "zsh", "fish"), in_shell=False),
    Command("help", "help", "command"),
)
BY_NAME = {command.name: command for command in COMMANDS}


def names(commands: Iterable[Command] = COMMANDS) -> list[str]:
    return [command.name for command in commands]


def nearest(word: str) -> str | None:
    """The command that was probably meant."""
    from difflib import get_close_matches

    found = get_close_matches(word, names(), n=1)
    return found[0] if found else None
