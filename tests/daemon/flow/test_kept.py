"""Output is kept up to a limit; what has the screen goes on being told beyond it."""

import asyncio
from collections.abc import Sequence
from itertools import count

from daemon.flow.kept import Kept


class Store:
    """Events by their number."""

    def __init__(self) -> None:
        self.events: dict[int, str] = {}
        self._numbers = count(1)

    async def say(self, texts: Sequence[str], missing: int) -> list[int]:
        said = {next(self._numbers): text for text in texts}
        self.events |= said
        assert missing == 0 or f" {missing} " in self.text
        return list(said)

    async def drop(self, seq: int) -> None:
        del self.events[seq]

    @property
    def text(self) -> str:
        return "".join(self.events.values())


def test_within_the_limit_everything_is_told_at_once() -> None:
    async def story() -> None:
        store = Store()
        kept = Kept(store.say, store.drop, 100)
        await kept.add("a" * 30)
        await kept.settle()
        assert store.text == "a" * 30
        await kept.close()
        assert store.text == "a" * 30

    asyncio.run(story())


def test_beyond_it_head_and_tail_are_kept_and_the_gap_is_told() -> None:
    async def story() -> None:
        store = Store()
        kept = Kept(store.say, store.drop, 100)
        for n in range(100):
            await kept.add(f"{n:010}")
        await kept.settle()
        assert len(store.text) == 50
        await kept.close()
        assert store.text.startswith(f"{0:010}")
        assert f"\n… {1000 - 50 - 60} …\n" in store.text
        assert store.text.endswith(f"{99:010}")

    asyncio.run(story())


def test_a_screen_goes_on_and_older_drawing_makes_room() -> None:
    async def story() -> None:
        store = Store()
        kept = Kept(store.say, store.drop, 100)
        kept.live = True
        for n in range(100):
            await kept.add(f"{n:010}")
            await kept.settle()
            assert store.text.endswith(f"{n:010}")
            assert len(store.text) <= 110
        await kept.close()
        assert store.text.startswith(f"{0:010}")
        assert f"\n… {1000 - 100} …\n" in store.text

    asyncio.run(story())
