"""Ties each method of the table to what answers it; mypy refuses a handler of other types."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final, TypeVar, get_args, get_type_hints

from daemon.protocol import codec, errors, methods
from daemon.protocol.errors import AlvoError
from daemon.protocol.methods import Method
from daemon.rpc.door import Reason, shown

P = TypeVar("P")
R = TypeVar("R")

Params = dict[str, Any] | list[Any] | None


@dataclass(slots=True)
class Caller:
    """Who is at the other end of a connection; `daemon.hello` sets `client` and `language`.

    `started`: when the process began, in clock ticks since boot, so that its number cannot be
    taken over unnoticed; None: it was gone before we looked.
    """

    pid: int
    uid: int
    client: str = ""
    language: str = "en"
    from_session: bool = False
    started: int | None = None


Handler = Callable[[Caller, P], Awaitable[R]]


class UnfitParams(AlvoError):
    """`INVALID_PARAMS` whose reason is still a phrase: its language is known at the door."""

    def __init__(self, method: str, reason: Reason, field: str) -> None:
        super().__init__(errors.INVALID_PARAMS, method=method, field=field)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Binding:
    """A method, its handler, and the names of its parameters in their order. `within`: the names of
    the fields of those parameters that are values themselves.
    """

    method: Method[Any, Any]
    handler: Handler[Any, Any]
    names: tuple[str, ...]
    within: Mapping[str, frozenset[str]]

    def read(self, given: Params) -> Any:
        """The parameters as a value of the method's type; `INVALID_PARAMS` names the field."""
        named = self._by_name(given)
        try:
            return codec.from_builtins(named, self.method.params)
        except codec.Invalid as error:
            reason, field = _reason(error)
            raise UnfitParams(self.method.name, reason, field) from None

    def _by_name(self, given: Params) -> dict[str, Any]:
        if not given:
            return {}
        if isinstance(given, list):
            if len(given) > len(self.names):
                reason = Reason("reason_too_many", {"limit": len(self.names)})
                raise UnfitParams(self.method.name, reason, "params")
            return dict(zip(self.names, given, strict=False))
        for name, value in given.items():
            if name not in self.names:
                raise self._unknown(shown(name))
            # A slip such as `config.privat` must not be taken for the default.
            known = self.within.get(name)
            if known is not None and isinstance(value, dict):
                for inner in value:
                    if inner not in known:
                        raise self._unknown(f"{name}.{shown(inner)}")
        return given

    def _unknown(self, field: str) -> UnfitParams:
        reason = Reason("reason_field_unknown", {"field": field})
        return UnfitParams(self.method.name, reason, field)


class Bindings:
    """The whole table: what each method's handler is."""

    def __init__(self) -> None:
        self._bindings: dict[str, Binding] = {}

    def bind(self, method: Method[P, R], handler: Handler[P, R]) -> None:
        if method.name in self._bindings:
            raise ValueError(f"{method.name} is bound twice")
        names = tuple(field.name for field in fields(method.params))  # type: ignore[arg-type]  # every params type is a dataclass: a test holds it
        self._bindings[method.name] = Binding(method, handler, names, _within(method.params))

    def __contains__(self, method: Method[Any, Any]) -> bool:
        return method.name in self._bindings

    def __iter__(self) -> Iterator[Binding]:
        return iter(self._bindings.values())

    def check_complete(self) -> None:
        """Raises `LookupError` naming what is declared and not bound: such a daemon must not start."""
        unbound = [name for name in methods.ALL if name not in self._bindings]
        if unbound:
            raise LookupError(f"not bound: {', '.join(unbound)}")


def _within(params: type) -> dict[str, frozenset[str]]:
    found = {}
    for name, hint in get_type_hints(params).items():
        for one in get_args(hint) or (hint,):
            if is_dataclass(one):
                found[name] = frozenset(field.name for field in fields(one))
    return found


_MISSING: Final = re.compile(r"missing required field `([^`]*)`")
_TYPES: Final = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_WORD: Final = re.compile(r"Invalid enum value (.*?)(?: - at `|$)", re.DOTALL)


def _reason(error: codec.Invalid) -> tuple[Reason, str]:
    """Which field, and the phrase of what is wrong with it, from the codec's English sentence."""
    text, field = str(error), codec.field_of(error)
    if found := _MISSING.search(text):
        field = f"{field}.{found[1]}" if field else found[1]
        return Reason("reason_field_missing", {"field": field}), field
    field = shown(field) or "params"
    if found := _TYPES.search(text):
        blanks = {"field": field, "expected": found[1], "found": found[2]}
        return Reason("reason_field_type", blanks), field
    if found := _WORD.search(text):
        return Reason("reason_field_word", {"field": field, "found": shown(found[1])}), field
    return Reason("reason_field_value", {"field": field, "found": shown(text)}), field
