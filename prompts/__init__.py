"""What Alvo says: error sentences, phrases of its screens, and the prompts of its reasoners."""

import functools
import tomllib
from importlib import resources
from typing import Any, Final

LANGUAGES: Final = ("en", "pt")


@functools.cache
def _table(file: str) -> dict[str, dict[str, str]]:
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    return tomllib.loads(text)


def sentence(name: str, language: str, /, **blanks: Any) -> tuple[str, str]:
    """What is wrong and what to do, of the error `name` (`errors.toml`), in that language."""
    entry = _table("errors.toml")[name]
    language = _known(language)
    return _fill(entry[language], blanks), _fill(entry[f"action_{language}"], blanks)


def phrase(name: str, language: str, /, **blanks: Any) -> str:
    """A text of the screens (`phrases.toml`), in that language."""
    return _fill(_table("phrases.toml")[name][_known(language)], blanks)


def error_names() -> frozenset[str]:
    """Every error that has its sentences."""
    return frozenset(_table("errors.toml"))


def render(template: str, **values: Any) -> str:
    """A prompt (`*.md`) rendered by Jinja2 in strict mode: an unknown name is an error."""
    return str(_environment().get_template(template).render(**values))


@functools.cache
def _environment() -> Any:
    # Only a model needs a prompt: who never asks one does not pay for this import.
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, ""),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  (the output is a prompt in Markdown, not HTML)
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _known(language: str) -> str:
    return "pt" if language.lower().startswith("pt") else "en"


class _Blanks(dict[str, Any]):
    """A blank that nobody filled shows as itself: a sentence must never raise."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _fill(text: str, blanks: dict[str, Any]) -> str:
    return text.format_map(_Blanks(blanks))
