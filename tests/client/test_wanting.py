"""From events to what is shown now, what is held back, and what is asked for."""

from client.wanting import Wanting
from daemon.protocol.values import Event, EventKind, FlowId
from tests.support.values import AT


def event(seq: int, kind: str, **data: object) -> Event:
    return Event(seq, FlowId("flow"), AT, EventKind(kind), data)


def test_each_time_that_something_is_waited_for_is_served_once() -> None:
    wanting = Wanting(lends=True)
    for seq in (1, 3):
        wanting.take(event(seq, "terminal", terminal="line"))
        assert wanting.unserved == "line"
        wanting.serve()
        assert wanting.unserved is None
        wanting.take(event(seq + 1, "terminal", terminal=None))
        assert wanting.unserved is None


def test_what_is_drawn_on_a_screen_is_held_back_for_the_terminal() -> None:
    wanting = Wanting(lends=True)
    assert wanting.take(event(1, "output", text="before"))
    assert wanting.take(event(2, "terminal", terminal="screen")) == []
    assert wanting.take(event(3, "output", text="drawn")) == []
    assert (wanting.screen, wanting.start) == (True, 2)
    wanting.lent("line")
    assert (wanting.screen, wanting.unserved) == (False, "line")
    assert wanting.take(event(4, "output", text="after"))


def test_a_screen_that_was_given_back_already_is_text() -> None:
    wanting = Wanting(lends=True)
    wanting.take(event(1, "terminal", terminal="screen"))
    drawn = event(2, "output", text="drawn")
    wanting.take(drawn)
    assert wanting.take(event(3, "terminal", terminal=None)) == [drawn]
    wanting.take(event(4, "terminal", terminal="screen"))
    wanting.take(drawn)
    ended = event(6, "command", n=0, status="done")
    assert wanting.take(ended) == [drawn, ended]
    assert not wanting.screen


def test_without_a_terminal_to_lend_nothing_is_held_back() -> None:
    wanting = Wanting(lends=False, always=True)
    wanting.take(event(1, "terminal", terminal="screen"))
    assert wanting.take(event(2, "output", text="drawn"))
    assert (wanting.screen, wanting.unserved) == (False, "screen")


def test_on_request_the_terminal_is_lent_from_the_beginning_of_the_command() -> None:
    wanting = Wanting(lends=True, always=True)
    begun = event(1, "command", n=0, status="running")
    assert wanting.take(begun) == [begun]
    assert wanting.take(event(2, "output", text="text")) == []
    wanting.take(event(3, "terminal", terminal="line"))
    assert (wanting.screen, wanting.start) == (True, 1)
