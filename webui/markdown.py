"""Markdown of models into HTML that can do nothing: it shows, and links where it says.

Two walls. markdown-it-py makes only elements of our choosing from tokens that are checked here;
nh3 then reads the result as a browser would and lets pass what is on its own list alone.
"""

import re
import time
from collections.abc import Callable, Collection, Iterator
from html import escape as quoted
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from client.prose import readable

LONGEST: Final = 256 * 1024
"""Characters; a longer text is shown as it was written."""
_DEADLINE_S: Final = 0.5
_LONGEST_ADDRESS: Final = 2048
_DEEPEST: Final = 16
_CITATION: Final = re.compile(r"\[([0-9]{1,3})\]")
_HOST: Final = re.compile(r"(?!-)[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\]")
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9][\w.~:/?#@!$&'()*+,;=%-]*", re.ASCII)
_MAIL: Final = re.compile(r"mailto:[\w.+-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z][a-z0-9+#-]{0,19}")
_BEFORE_AN_ADDRESS: Final = " \n([{<\"'“‘«„*_~-–—"
_ENDS_NO_ADDRESS: Final = ".,;:!?'*~_"
_ALIGNED: Final = {f"text-align:{side}": side for side in ("left", "center", "right")}
_REL: Final = "noopener noreferrer nofollow"
_INLINE: Final = frozenset({"a", "br", "code", "em", "s", "span", "strong"})
_BLOCKS: Final = frozenset({"blockquote", "hr", "li", "ol", "p", "pre", "ul"})
_HEADINGS: Final = frozenset({"h3", "h4", "h5", "h6"})
_TABLES: Final = frozenset({"table", "thead", "tbody", "tr", "th", "td"})
TAGS: Final = _INLINE | _BLOCKS | _HEADINGS | _TABLES


class _TooKnotted(Exception):
    """Someone wrote a text that takes the parser long, or nests deeper than a page can show."""


class _Marks(NamedTuple):
    """What a render goes by: which citations there are (None: all), and until when it may take."""

    known: Collection[int] | None
    deadline: float


def render(text: str, known: Collection[int] | None = None) -> str:
    """Inert HTML of `text`. `[n]` becomes a link to `#citation-n`, if `known` is None or has it.

    It takes half a second at most and is a few times as long as the text: what is too long or
    too knotted for that comes as it was written. Links leave the page in a new tab, and show
    where they lead. Characters that cannot be seen are shown as `<U+202E>`.
    """
    if len(text) > LONGEST:
        return _as_written(text)
    marks = _Marks(known, time.thread_time() + _DEADLINE_S)
    try:
        tokens = _PARSER.parse(text, {"marks": marks})
        html = _PARSER.renderer.render(_inert(tokens, marks), _PARSER.options, {})
    except (_TooKnotted, RecursionError):
        return _as_written(text)
    return _CLEANER.clean(html)


def _as_written(text: str) -> str:
    return f"<pre><code>{quoted(readable(text))}</code></pre>\n"


def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "typographer": False, "maxNesting": 100}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    # Definitions elsewhere in a text would say where the marks of citations lead.
    parser.disable(["reference", "html_block", "html_inline"])
    parser.block.ruler.before("table", "deadline", _block_in_time, {"alt": []})
    parser.inline.ruler.before("text", "deadline", _inline_in_time)
    parser.inline.ruler.before("link", "citation", _citation)
    parser.validateLink = _leads_outside  # type: ignore[assignment,method-assign]  # its documented way
    return parser


def _block_in_time(state: StateBlock, _: int, __: int, ___: bool) -> Literal[False]:
    _in_time(state.env["marks"])
    if state.level > _DEEPEST:
        raise _TooKnotted
    return False


def _inline_in_time(state: StateInline, _: bool) -> Literal[False]:
    _in_time(state.env["marks"])
    return False


def _in_time(marks: _Marks) -> None:
    if time.thread_time() > marks.deadline:
        raise _TooKnotted


def _citation(state: StateInline, silent: bool) -> bool:
    """`[3]` is a mark whatever follows it, so that no `[3](address)` passes for one."""
    found = _CITATION.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("citation", "", 0).content = found[1]
    state.pos = found.end()
    return True


def _leads_outside(address: str) -> bool:
    """Whether a link may lead there: whole http, https and mailto addresses, without a password."""
    if len(address) > _LONGEST_ADDRESS or not address.isascii() or not address.isprintable():
        return False
    if _MAIL.fullmatch(address):
        return True
    if "\\" in address or not address.lower().startswith(("http://", "https://")):
        return False
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    host = parts.netloc.partition(":")[0] if "[" not in parts.netloc else f"[{parts.hostname}]"
    return "@" not in parts.netloc and _HOST.fullmatch(host.lower()) is not None


def _inert(tokens: list[Token], marks: _Marks) -> list[Token]:
    for token in tokens:
        _in_time(marks)
        _plain_block(token)
        if token.children:
            token.children = list(_inline(token.children, marks))
    return tokens


def _plain_block(token: Token) -> None:
    """A heading of a text is none of the page's two; no style; code in languages with a name."""
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(int(token.tag[1:]) + 2, 6)}"
    elif token.type in ("th_open", "td_open"):
        side = _ALIGNED.get(str(token.attrs.pop("style", "")))
        if side:
            token.attrSet("class", side)
    elif token.type in ("fence", "code_block"):
        token.content = readable(token.content)
        language = token.info.strip().partition(" ")[0].lower()
        token.info = language if _LANGUAGE.fullmatch(language) else ""


def _inline(children: list[Token], marks: _Marks) -> Iterator[Token]:
    """The tokens of one paragraph, each of a kind that is known to be harmless."""
    address = ""
    text: list[str] = []
    for token in _not_too_deep(children):
        match token.type:
            case "link_open":
                address, text = str(token.attrGet("href") or ""), []
                token.attrs = {"href": address, "title": address}
                token.attrs |= {"target": "_blank", "rel": _REL}
                yield token
            case "link_close":
                yield token
                yield from _where_to(address, "".join(text))
                address = ""
            case "citation":
                yield from _mark(token.content, marks)
            case "image":
                shown = f"{token.content} ({token.attrGet('src')})".strip()
                text.append(shown)
                yield _text(readable(shown))
            case "text" if not address:
                yield from _with_links(token.content)
            case "text" | "code_inline":
                text.append(token.content)
                token.content = readable(token.content)
                yield token
            case _:
                yield token


def _not_too_deep(children: list[Token]) -> Iterator[Token]:
    """Without the emphasis within emphasis that nobody would see, and that costs the page."""
    depth = 0
    for token in children:
        depth -= token.nesting < 0
        if token.nesting == 0 or depth < _DEEPEST:
            yield token
        depth += token.nesting > 0


def _mark(n: str, marks: _Marks) -> Iterator[Token]:
    if marks.known is not None and int(n) not in marks.known:
        yield _text(f"[{n}]")
        return
    yield from _link({"class": "citation", "href": f"#citation-{int(n)}"}, f"[{n}]")


def _with_links(text: str) -> Iterator[Token]:
    """Text with the addresses that stand in it as links; they show where they lead."""
    last = 0
    for found in _ADDRESS.finditer(text):
        begins = found.start() == 0 or text[found.start() - 1] in _BEFORE_AN_ADDRESS
        if len(found[0]) > _LONGEST_ADDRESS or not begins:
            continue
        address = _ended(found[0])
        if not _leads_outside(address):
            continue
        yield _text(readable(text[last : found.start()]))
        last = found.start() + len(address)
        yield from _link(
            {"href": address, "title": address, "target": "_blank", "rel": _REL}, address
        )
    yield _text(readable(text[last:]))


def _ended(address: str) -> str:
    """Without the full stop of the sentence and the bracket that it stands in."""
    while True:
        shorter = address.rstrip(_ENDS_NO_ADDRESS)
        if shorter.endswith(")") and shorter.count("(") < shorter.count(")"):
            shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter


def _where_to(address: str, text: str) -> Iterator[Token]:
    """The host of a link, unless its text is the address: a finger cannot see a title."""
    if text.strip().rstrip("/") in (address.rstrip("/"), address.removeprefix("mailto:")):
        return
    place = urlsplit(address).netloc or address.removeprefix("mailto:")
    yield _text(" ")
    yield _open("span", {"class": "address"})
    yield _text(f"({readable(place)})")
    yield Token("span_close", "span", -1)


def _link(attributes: dict[str, str | int | float], text: str) -> Iterator[Token]:
    yield _open("a", attributes)
    yield _text(text)
    yield Token("link_close", "a", -1)


def _open(tag: str, attributes: dict[str, str | int | float]) -> Token:
    return Token(f"{tag}_open", tag, 1, attrs=attributes)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The second wall's own look at every attribute that it lets pass by name."""
    return value if _ATTRIBUTES[tag, name](value) else None


def _known_class(*names: str) -> Callable[[str], bool]:
    return lambda value: value in names


_ATTRIBUTES: Final[dict[tuple[str, str], Callable[[str], object]]] = {
    ("a", "href"): lambda it: _leads_outside(it) or re.fullmatch(r"#citation-[0-9]{1,3}", it),
    ("a", "title"): _leads_outside,
    ("a", "class"): _known_class("citation"),
    ("a", "target"): lambda it: it == "_blank",
    ("a", "rel"): lambda it: it == _REL,
    ("code", "class"): re.compile(rf"language-{_LANGUAGE.pattern}").fullmatch,
    ("ol", "start"): re.compile(r"[0-9]{1,9}").fullmatch,
    ("span", "class"): _known_class("address"),
    ("td", "class"): _known_class(*_ALIGNED.values()),
    ("th", "class"): _known_class(*_ALIGNED.values()),
}
ATTRIBUTES: Final = {
    tag: frozenset(n for t, n in _ATTRIBUTES if t == tag) for tag, _ in _ATTRIBUTES
}
_PARSER: Final = _parser()
_OPTIONS: Final[dict[str, Any]] = {
    "tags": set(TAGS),
    "attributes": {tag: set(names) for tag, names in ATTRIBUTES.items()},
    "attribute_filter": _attribute,
    "url_schemes": {"http", "https", "mailto"},
    "link_rel": None,
    "strip_comments": True,
}
_CLEANER: Final = nh3.Cleaner(**_OPTIONS)
