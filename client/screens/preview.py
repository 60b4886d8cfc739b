"""A preview as a person reads it: each file that would change, whole, and what was not seen."""

from __future__ import annotations

from client.folding import fold
from client.terminal import Paint, cut_at
from client.words import Words
from daemon.protocol.escape import escape

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from typing import Any

_COLOURS = {"deleted": "red", "replaced": "red", "created": "green"}
_LINES = {"+": "green", "-": "red", "@": "cyan"}


def preview_lines(preview: dict[str, Any], words: Words, paint: Paint, width: int) -> list[str]:
    """Nothing is folded away: a name or a line that is too long goes on below itself."""
    changes = preview["changes"]
    lines = [paint(words("preview_title", count=len(changes)), "bold", "yellow")]
    for change in changes:
        lines += _change(change, words, paint, width)
    lines += ["", *_printed(preview, words, paint, width)]
    lines += ["", paint(words("preview_unseen"), "dim")]
    for sentence in preview["unseen"]:
        first, *rest = fold(escape(sentence), width - 4)
        lines += [f"  · {first}", *(f"    {line}" for line in rest)]
    return lines


def _change(change: dict[str, Any], words: Words, paint: Paint, width: int) -> list[str]:
    kind = change["kind"]
    label = words(f"preview_kind_{kind}")
    what = f"  {label:<10} ~/{escape(change['path'])}{_folder(change)}  {_amount(change)}"
    lines = [paint(line, _COLOURS.get(kind, "bold")) for line in cut_at(what.rstrip(), width - 2)]
    if change["diff"]:
        for line in change["diff"].split("\n"):
            colour = _LINES.get(line[:1], "dim")
            lines += [f"    │ {paint(part, colour)}" for part in cut_at(escape(line), width - 6)]
    elif kind == "changed" and change["after"]["type"] == "file":
        lines.append(paint(f"    │ {words('preview_no_diff')}", "dim"))
    return lines


def _folder(change: dict[str, Any]) -> str:
    there = change["after"] if change["after"]["type"] != "absent" else change["before"]
    return "/" if there["type"] == "directory" else ""


def _amount(change: dict[str, Any]) -> str:
    """Sizes in bytes, modes in octal, targets of links: before and after where they differ."""
    before, after = change["before"], change["after"]
    parts = []
    if "file" in (before["type"], after["type"]):
        parts.append(_both(before, after, f"{before['size']:,}", f"{after['size']:,}") + " B")
    if before["mode"] != after["mode"] and "absent" not in (before["type"], after["type"]):
        parts.append(f"{before['mode']:04o} → {after['mode']:04o}")
    if change["link"] is not None:
        parts.append(f"= ~/{escape(change['link'])}")
    names = {*before["attributes"], *after["attributes"]}
    differing = [
        n for n in sorted(names) if before["attributes"].get(n) != after["attributes"].get(n)
    ]
    if differing and change["kind"] == "attributes":
        parts.append(escape(", ".join(differing)))
    if after["target"] is not None:
        parts.append(f"→ {escape(after['target'])}")
    if before["type"] != after["type"] and "absent" not in (before["type"], after["type"]):
        parts.append(f"({before['type']} → {after['type']})")
    return "  ".join(parts)


def _both(before: dict[str, Any], after: dict[str, Any], old: str, new: str) -> str:
    if before["type"] != "file":
        return new
    return old if after["type"] != "file" or old == new else f"{old} → {new}"


def _printed(preview: dict[str, Any], words: Words, paint: Paint, width: int) -> list[str]:
    status = preview["exit_status"]
    ended = words("preview_cut_off") if status is None else words("preview_ended", status=status)
    lines = [ended]
    if preview["output"]:
        for line in preview["output"].removesuffix("\n").split("\n"):
            lines += [f"  {paint('│', 'dim')} {part}" for part in cut_at(escape(line), width - 4)]
    return lines
