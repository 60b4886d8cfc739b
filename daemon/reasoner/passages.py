"""A passage of Markdown as sentences, and as fenced blocks of code with what introduces them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SHELLS: Final = frozenset({"bash", "sh", "shell", "console"})
_FENCE: Final = re.compile(r"^( {0,3})(`{3,}|~{3,})[ \t]*([^`\n]*)$")
_HEADING: Final = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_ITEM: Final = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_RULE: Final = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")
# A full stop after these ends no sentence.
_SHORT: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|Mr|Mrs|Ms|Dr|No|vs|approx|Sr|Sra|Dra|Av|pág|p\.ex|ex|nº|art)\.|\b[A-Z]\.)$"
)
_END: Final = re.compile(r"[.!?…]+[\"”’)\]*_]*\s+(?=[\"“‘(\[*_]*[A-ZÀ-Ý0-9])")
_LONGEST: Final = 600


@dataclass(frozen=True, slots=True)
class Sentence:
    """`around`: the paragraph it stands in. `before`: what it may speak of as "it"."""

    text: str
    around: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """`heading` and `before`: the heading and the paragraph above it, as far as they are there."""

    language: str
    code: str
    heading: str
    before: str


def sentences(markdown: str) -> list[Sentence]:
    """Of prose, items of lists and rows of tables; not of code."""
    found: list[Sentence] = []
    lead = ""
    for paragraph in _paragraphs(markdown):
        lines = paragraph.split("\n")
        if len(lines) > 1 and "|" in lines[0] and _RULE.match(lines[1]):
            found += _rows(lines, lead)
        elif _ITEM.match(lines[0]):
            around = f"{lead} {paragraph}" if lead.endswith(":") else paragraph
            found += [Sentence(item, around, lead) for item in _items(lines)]
        else:
            text = " ".join(line.strip().lstrip(">").strip() for line in lines)
            before = ""
            for sentence in _split(text):
                found.append(Sentence(sentence, text, before))
                before = sentence
            lead = text
    return [sentence for sentence in found if sentence.text and len(sentence.text) <= _LONGEST]


def code_blocks(markdown: str) -> list[CodeBlock]:
    """Every closed fence, with the code exactly as it is written."""
    found: list[CodeBlock] = []
    heading = before = ""
    prose: list[str] = []
    lines = iter(markdown.split("\n"))
    for line in lines:
        fence = _FENCE.match(line)
        if fence is None:
            title = _HEADING.match(line)
            if title:
                heading, before, prose = title[1], "", []
            elif line.strip():
                prose.append(line.strip())
            elif prose:
                before, prose = " ".join(prose), []
            continue
        before, prose = " ".join(prose) or before, []
        code = _fenced(lines, fence)
        words = fence[3].split()
        if code is not None:
            found.append(CodeBlock(words[0].lower() if words else "", code, heading, before))
    return found


def _fenced(lines: Iterator[str], fence: re.Match[str]) -> str | None:
    indent, mark = len(fence[1]), fence[2]
    code: list[str] = []
    for line in lines:
        bare = line.strip()
        if bare and set(bare) == {mark[0]} and len(bare) >= len(mark):
            return "\n".join(code)
        # What stands before the fence itself is no part of the code.
        strip = min(indent, len(line) - len(line.lstrip(" ")))
        code.append(line[strip:])
    return None


def _paragraphs(markdown: str) -> list[str]:
    found: list[str] = []
    open_: list[str] = []
    closing = ""
    for line in [*markdown.split("\n"), ""]:
        fence = _FENCE.match(line)
        if closing:
            bare = line.strip()
            if bare and set(bare) == {closing[0]} and len(bare) >= len(closing):
                closing = ""
            continue
        if fence or not line.strip() or _HEADING.match(line):
            if open_:
                found.append("\n".join(open_))
            open_ = []
            closing = fence[2] if fence else ""
        else:
            open_.append(line)
    return found


def _items(lines: list[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        if _ITEM.match(line):
            items.append(_ITEM.sub("", line).strip())
        elif items:
            items[-1] += f" {line.strip()}"
    return items


def _rows(lines: list[str], lead: str) -> list[Sentence]:
    header = _cells(lines[0])
    found: list[Sentence] = []
    for line in lines[2:]:
        cells = _cells(line)
        if not any(cells):
            continue
        rest = [
            f"{name}: {cell}" if name else cell
            for name, cell in zip(header[1:], cells[1:], strict=False)
            if cell
        ]
        text = f"{cells[0]} – {'; '.join(rest)}" if rest else cells[0]
        found.append(Sentence(text, f"{lead} {' '.join(header)}", lead))
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _split(text: str) -> list[str]:
    parts: list[str] = []
    start = 0
    for found in _END.finditer(text):
        end = found.end()
        if _SHORT.search(text[start : found.start() + 1]):
            continue
        parts.append(text[start:end].strip())
        start = end
    parts.append(text[start:].strip())
    return [part for part in parts if part]
