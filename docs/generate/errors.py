"""The page of errors: codes, names, sentences."""

import prompts
from daemon.protocol import errors
from docs.generate.tables import table

HUNDREDS = {
    -1: "JSON-RPC 2.0",
    10: "Daemon and store",
    11: "Flows and inquiries",
    12: "Index and sources",
    13: "Reasoner",
    14: "Shell and permissions",
    15: "Databases",
    16: "Internet",
    17: "Agents",
    18: "Web",
}
ERRORS = """# Errors

Every error that a person or a program can get: a code, a name, a sentence, what to do.
`error.data` has `name`, `action` and the values of the blanks.
"""


def errors_page() -> str:
    parts = [ERRORS]
    for hundred, title in HUNDREDS.items():
        rows = [
            (
                str(type_.code),
                f"`{type_.name}`",
                sentence(type_.name, "en"),
                sentence(type_.name, "pt"),
            )
            for type_ in sorted(errors.ALL.values(), key=lambda type_: type_.code)
            if (type_.code // 100 if type_.code > 0 else -1) == hundred
        ]
        if rows:
            parts += [f"## {title}\n", table(("code", "name", "English", "português"), rows)]
    return "\n".join(parts)


def sentence(name: str, language: str) -> str:
    return " ".join(prompts.sentence(name, language)).replace("<", "&lt;")
