"""Why a command failed, without a model: the lines of its output that say so, and what documents know."""

import re
import signal
from typing import Final

import prompts
from daemon.index import language
from daemon.protocol.values import ReplyType, SourceName
from daemon.reasoner import words
from daemon.reasoner.decision import Decision
from daemon.reasoner.marks import quoted
from daemon.reasoner.request import ContextPiece, DecisionRequest, RanCommand

ENOUGH: Final = 0.5
"""How much of what the error speaks of a passage must speak of as well."""
_LEAST_TERMS: Final = 2
_LINES_MAX: Final = 4
_LAST_LINES: Final = 3
_LINE_CHARS: Final = 300
_PASSAGE_CHARS: Final = 1200
_SCRIPT_CHARS: Final = 120
_QUERY_CHARS: Final = 1000
_SIGNALLED: Final = 128

_SAYS_WHY: Final = re.compile(
    r"\b(?:error|fatal|panic|exception|traceback|fail(?:ed|ure|s)|cannot|can't|could not|couldn't"
    r"|unable|denied|not found|no such|refused|rejected|invalid|unexpected|undefined|unrecogni[sz]ed"
    r"|unknown|missing|timed out|out of memory|segmentation fault|aborted|killed|already exists"
    r"|not a directory|is a directory|no space|not permitted|does not exist|conflict"
    r"|erro|falh(?:a|ou)|nao (?:foi possivel|encontrad[oa]|existe|permitid[oa])|inexistente"
    r"|negad[oa]|recusad[oa]|invalid[oa]|inesperad[oa]|desconhecid[oa]|ja existe|sem espaco)\b"
)
_EXCEPTION: Final = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b")
_SAYS_NOTHING: Final = re.compile(r"\b0 (?:errors?|failed|failures?|erros?|falhas?)\b")
# Words of every error: a passage that has them speaks of nothing in particular.
_COMMON: Final = frozenset(
    {
        *("bash", "line", "bin", "usr", "error", "erro", "fatal", "fail", "command", "file"),
        *("linha", "comand", "arquiv", "status", "code", "sh"),
    }
)


def telling_lines(output: str) -> tuple[str, ...]:
    """Those that speak of an error: the first, where compilers begin, and the last, where it ends."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = [line for line in lines if _tells(line)]
    told = list(dict.fromkeys(told))
    if len(told) > _LINES_MAX:
        told = [*told[: _LINES_MAX // 2], *told[-_LINES_MAX // 2 :]]
    return tuple(_cut(line, _LINE_CHARS) for line in told)


def query(ran: RanCommand) -> str:
    """What to look up in the person's documents for a command that failed."""
    lines = telling_lines(ran.output) or tuple(_last_lines(ran.output))
    return f"{' '.join(ran.script.split())[:_SCRIPT_CHARS]} {' '.join(lines)}"[:_QUERY_CHARS]


def explain(request: DecisionRequest, ran: RanCommand) -> Decision:
    """Always an answer: an honest one where the output does not say why."""
    parts = [" ".join(filter(None, (_ended(ran, request), _status(ran, request))))]
    parts += _printed(ran, request)
    piece = _passage(request, ran)
    if piece is not None:
        title = piece.location.rpartition("#")[2] if "#" in piece.location else piece.title
        said = prompts.phrase("why_documents", request.language, title=title, n=piece.n)
        parts += [said, _quoted(piece.text)]
    else:
        parts.append(prompts.phrase("why_no_documents", request.language))
    sources = () if piece is None else (SourceName.DOCUMENTS,)
    text = "\n\n".join(parts)
    return Decision(ReplyType.ANSWER, enough=True, answer=text, sources=sources, final=True)


def _tells(line: str) -> bool:
    folded = language.fold(line)
    said = _SAYS_WHY.search(folded) or _EXCEPTION.search(line)
    return bool(said) and not _SAYS_NOTHING.search(folded)


def _last_lines(output: str) -> list[str]:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return [_cut(line, _LINE_CHARS) for line in lines[-_LAST_LINES:]]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _ended(ran: RanCommand, request: DecisionRequest) -> str:
    # A backtick would end the code that it is shown as.
    script = _cut(" ".join(ran.script.split()), _SCRIPT_CHARS).replace("`", "'")
    if ran.exit_status is None:
        return prompts.phrase("why_no_status", request.language, script=script)
    return prompts.phrase("why_ended", request.language, script=script, status=ran.exit_status)


def _status(ran: RanCommand, request: DecisionRequest) -> str:
    """What is known of a status without any output (bash(1), timeout(1), signal(7))."""
    match ran.exit_status:
        case 124 | 126 | 127 | 130:
            return prompts.phrase(f"why_{ran.exit_status}", request.language)
        case int() as status if status > _SIGNALLED:
            try:
                name = signal.Signals(status - _SIGNALLED).name
            except ValueError:
                return ""
            return prompts.phrase("why_signal", request.language, signal=name)
        case _:
            return ""


def _printed(ran: RanCommand, request: DecisionRequest) -> list[str]:
    lines = telling_lines(ran.output)
    if lines:
        return [prompts.phrase("why_says", request.language), _code(lines)]
    if last := _last_lines(ran.output):
        return [prompts.phrase("why_last", request.language), _code(last)]
    return [prompts.phrase("why_silent", request.language)]


def _code(lines: tuple[str, ...] | list[str]) -> str:
    text = "\n".join(lines)
    # Longer than any fence inside, so that none of them ends it.
    ticks = "`" * max(3, *(len(run) + 1 for run in ["", *re.findall(r"`+", text)]))
    return f"{ticks}\n{text}\n{ticks}"


def _passage(request: DecisionRequest, ran: RanCommand) -> ContextPiece | None:
    """The document passage that speaks of what the error speaks of."""
    asked = language.known(request.language)
    wanted = [
        term
        for term in words.terms(query(ran), asked)
        if term.stem not in _COMMON and not term.stem.isdigit()
    ]
    best, most = None, 0.0
    for piece in request.pieces:
        if piece.source is not SourceName.DOCUMENTS:
            continue
        there = words.stems(f"{piece.location.rpartition('#')[2]} {piece.text}", asked)
        found = sum(words.match(term.stem, there) == 1.0 for term in wanted)
        if found >= min(_LEAST_TERMS, len(wanted)) and found / max(len(wanted), 1) > most:
            best, most = piece, found / len(wanted)
    return best if most >= ENOUGH else None


def _quoted(text: str) -> str:
    """As a quotation, cut at a line; a fence that is left open is closed."""
    lines: list[str] = []
    size = 0
    for line in quoted(text).strip().splitlines():
        size += len(line) + 1
        if size > _PASSAGE_CHARS:
            lines.append("…")
            break
        lines.append(line)
    if sum(line.lstrip().startswith("```") for line in lines) % 2:
        lines.append("```")
    return "\n".join(f"> {line}".rstrip() for line in lines)
