"""What a flow's command waits for at its terminal, told from the flow's events."""

from __future__ import annotations

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.values import Event


class Wanting:
    """`lends`: this client has a terminal to lend. `always`: for any command, not for screens only.

    What a command draws on a screen is held back: it is to be drawn on the terminal, from its
    beginning, or to be read as text if the screen was given back meanwhile.
    """

    def __init__(self, *, lends: bool, always: bool = False) -> None:
        self._lends = lends
        self.always = lends and always
        self._held: list[Event] = []
        self._holds = False
        self.start = 0
        """The event after which the screen's drawing begins."""
        self.wanted: str | None = None
        self._served = False

    def take(self, event: Event) -> list[Event]:
        """Those that are to be shown now."""
        match str(event.kind):
            case "terminal":
                return self._terminal(event)
            case "command":
                self.wanted = None
                if self.always and event.data.get("status") == "running":
                    self._hold(event.seq)
                    return [event]
                return [*self.released(), event]
            case "output" if self._holds:
                self._held.append(event)
                return []
            case _:
                return [event]

    def released(self) -> list[Event]:
        """What was held back, after all."""
        held, self._held, self._holds = self._held, [], False
        return held

    @property
    def screen(self) -> bool:
        """Whether the terminal is to be lent now."""
        return self._holds

    @property
    def unserved(self) -> str | None:
        """What is waited for, once for each time."""
        return None if self._served else self.wanted

    def serve(self) -> None:
        self._served = True

    def lent(self, wanted: str | None) -> None:
        """The terminal was lent and is back; `wanted`: what the command waits for now."""
        self._held, self._holds = [], False
        self.wanted, self._served = wanted, wanted == "screen"

    def _terminal(self, event: Event) -> list[Event]:
        self.wanted, self._served = event.data.get("terminal"), False
        if self.always:
            return []
        if self._lends and self.wanted == "screen":
            self._hold(event.seq)
            return []
        return self.released()

    def _hold(self, seq: int) -> None:
        if not self._holds:
            self._holds, self.start = True, seq
