"""Puts an inquiry to the person at the terminal, and carries the answer back."""

from __future__ import annotations

from client.console import Console
from client.ids import short
from client.remote import RemoteError
from client.screens.inquiry import closing, inquiry_screen, script_screen
from client.terminal import ask_line
from client.usage import UsageError

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from typing import Any

    from daemon.protocol.values import Inquiry

_YES = frozenset({"y", "yes", "s", "sim"})
_EDIT = frozenset({"e", "edit", "editar"})
_PREVIEW = frozenset({"p", "preview", "previa", "prévia"})
_APPLY = frozenset({"a", "apply", "aplicar"})
_STANDING = {
    **dict.fromkeys(("a", "always", "sempre"), "always"),
    **dict.fromkeys(("c", "conversation", "conversa"), "conversation"),
}

PREVIEW_S = 60.0
"""How long a preview, or its undo, is waited for: more than the daemon lets one take."""


def is_yes(typed: str) -> bool:
    """Only a plain yes is one; everything else, nothing included, is a no."""
    return typed.strip().lower() in _YES


def is_edit(typed: str) -> bool:
    return typed.strip().lower() in _EDIT


def is_preview(typed: str) -> bool:
    return typed.strip().lower() in _PREVIEW


def is_apply(typed: str, inquiry: Inquiry) -> bool:
    """Only where there is a whole preview to write."""
    whole = inquiry.preview is not None and inquiry.preview.get("digest") is not None
    return whole and typed.strip().lower() in _APPLY


def standing(typed: str, inquiry: Inquiry) -> str | None:
    """The scope of the standing yes that was asked for; `a` means the bytes where there are any."""
    if inquiry.kind != "run" or is_apply(typed, inquiry):
        return None
    return _STANDING.get(typed.strip().lower())


def show(console: Console, inquiry: Inquiry) -> None:
    screen = inquiry_screen(inquiry, console.words, console.paint_notice, console.width)
    console.notice(f"\n{screen}\n")


def ask_person(console: Console, inquiry: Inquiry) -> dict[str, Any] | None:
    """What the person decided, as parameters of `inquiry.answer`. EOFError: no answer at all.

    None: there is another inquiry now, to be asked instead.
    """
    show(console, inquiry)
    if inquiry.kind == "information":
        return _ask_information(console, inquiry)
    while True:
        typed = ask_line(question(console, inquiry, edit=True))
        if inquiry.kind == "run" and is_preview(typed):
            if _previewed(console, inquiry):
                return None
        elif (answer := _answer_of(console, inquiry, typed)) is not None:
            return answer


def _answer_of(console: Console, inquiry: Inquiry, typed: str) -> dict[str, Any] | None:
    """None: the person thought better of it, and is asked again."""
    if inquiry.kind == "run" and is_edit(typed):
        edited = edited_script(console, inquiry)
        return None if edited is None else allow(inquiry, edited)
    if is_apply(typed, inquiry):
        return apply(inquiry)
    if scope := standing(typed, inquiry):
        return allow(inquiry, scope=scope) if _stands(console, inquiry, scope) else None
    return _decision(inquiry, "allow" if is_yes(typed) else "deny")


def _previewed(console: Console, inquiry: Inquiry) -> bool:
    """Whether there is another inquiry now, to be asked instead of this one."""
    try:
        console.call("inquiry.preview", PREVIEW_S, inquiry_id=inquiry.id)
    except RemoteError as error:
        console.error(error.message, error.action)
        return not error.name.startswith("PREVIEW_")
    return True


def _stands(console: Console, inquiry: Inquiry, scope: str) -> bool:
    """The permission is seen whole before it is given."""
    try:
        show_standing(console, inquiry, scope)
    except UsageError as error:
        console.error(error.message, error.action)
        return False
    return is_yes(ask_line(standing_question(console)))


def question(console: Console, inquiry: Inquiry, *, edit: bool) -> str:
    text = console.words(f"ask_{inquiry.kind}")
    keys = console.words(keys_of(inquiry) if edit else "keys")
    return f"{console.paint_notice(text, 'bold', 'yellow')} {keys}"


def keys_of(inquiry: Inquiry) -> str:
    """The phrase that says what may be pressed."""
    if inquiry.kind != "run":
        return "keys"
    if is_apply("a", inquiry):
        return "keys_apply_standing" if inquiry.permission_hint else "keys_apply"
    return "keys_standing" if inquiry.permission_hint else "keys_run"


def edited_script(console: Console, inquiry: Inquiry, *, confirm: bool = True) -> str | None:
    """The person's own version of the script, seen once more and allowed; None: no yes to it."""
    from client.editor import edit

    before = inquiry.script or ""
    after = edit(before, console.environ)
    if after in (before, ""):
        console.say(console.words("edit_unchanged"), "dim")
        return None
    console.notice("\n" + script_screen(after, console.words, console.paint_notice, console.width))
    console.notice("\n")
    if not confirm:
        return after
    prompt = console.paint_notice(console.words("ask_edited"), "bold", "yellow")
    return after if is_yes(ask_line(f"{prompt} {console.words('keys')}")) else None


def send(console: Console, answer: dict[str, Any]) -> Inquiry:
    inquiry: Inquiry = console.call("inquiry.answer", **answer)
    return inquiry


def _ask_information(console: Console, inquiry: Inquiry) -> dict[str, Any]:
    name = "ask_secret" if inquiry.secret else "ask_information"
    prompt = console.paint_notice(console.words(name), "bold", "yellow")
    typed = ask_line(prompt, secret=inquiry.secret)
    return _decision(inquiry, "reply", text=typed) if typed else _decision(inquiry, "deny")


def _decision(inquiry: Inquiry, decision: str, **more: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"inquiry_id": inquiry.id, "decision": decision, **more}
    if decision == "allow":
        answer["digest"] = _digest(more["edited"]) if "edited" in more else inquiry.digest
    return answer


def _digest(edited: str) -> str:
    """A yes to the person's own version is bound to that (design §8)."""
    import hashlib

    return hashlib.sha256(edited.encode("utf-8", "surrogatepass")).hexdigest()


def allow(inquiry: Inquiry, edited: str | None = None, *, scope: str = "once") -> dict[str, Any]:
    """A yes to exactly what this inquiry shows, or to the person's own version of it."""
    more = {} if edited is None else {"edited": edited}
    return _decision(inquiry, "allow", **more, **({} if scope == "once" else {"scope": scope}))


def show_standing(console: Console, inquiry: Inquiry, scope: str) -> None:
    """The permission that a standing yes gives, whole; refused where there is none to give."""
    from client.screens.permission import offer_screen

    if not inquiry.permission_hint:
        what = f"alvo allow {short(inquiry.id)}"
        raise UsageError(console.words("permission_not_here"), what)
    console.notice(offer_screen(inquiry, scope, console.words, console.paint_notice))


def standing_question(console: Console) -> str:
    text = console.paint_notice(console.words("permission_ask"), "bold", "yellow")
    return f"{text} {console.words('keys')}"


def apply(inquiry: Inquiry) -> dict[str, Any]:
    """A yes to exactly the bytes that the preview shows."""
    answer = _decision(inquiry, "apply")
    answer["digest"] = (inquiry.preview or {}).get("digest")
    return answer


def deny(inquiry: Inquiry) -> dict[str, Any]:
    return _decision(inquiry, "deny")


def reply(inquiry: Inquiry, text: str) -> dict[str, Any]:
    return _decision(inquiry, "reply", text=text)


def closed(console: Console, inquiry: Inquiry) -> RemoteError:
    """The inquiry takes no answer any more: who gave it, and where to look on."""
    words = console.words
    return RemoteError(
        1111,
        "INQUIRY_CLOSED",
        words("inquiry_is_closed", inquiry=short(inquiry.id), how=closing(inquiry, words)),
        words("inquiry_is_closed_next", flow=short(inquiry.flow_id)),
    )
