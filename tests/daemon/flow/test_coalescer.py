"""Small pieces become few events, none lost, none doubled, in order."""

import asyncio

import pytest

from daemon.flow.coalescer import MAX_EVENT_CHARS, Coalescer


def test_what_comes_while_the_disk_is_busy_goes_into_one_event() -> None:
    async def main() -> list[str]:
        written = list[str]()
        free = asyncio.Event()

        async def write(texts: list[str]) -> None:
            await free.wait()
            written.extend(texts)

        coalescer = Coalescer(write)
        await coalescer.add("a")
        await asyncio.sleep(0)
        for letter in "bcd":
            await coalescer.add(letter)
        free.set()
        await coalescer.drain()
        return written

    assert asyncio.run(main()) == ["a", "bcd"]


def test_a_long_text_is_cut_into_bounded_events_of_one_commit() -> None:
    async def main() -> list[list[str]]:
        written = list[list[str]]()

        async def write(texts: list[str]) -> None:
            written.append(texts)

        coalescer = Coalescer(write)
        await coalescer.add("x" * (MAX_EVENT_CHARS * 2 + 1))
        await coalescer.drain()
        return written

    (written,) = asyncio.run(main())
    assert [len(text) for text in written] == [MAX_EVENT_CHARS, MAX_EVENT_CHARS, 1]


def test_a_disk_that_fails_is_told_to_the_producer() -> None:
    async def main() -> None:
        async def write(_: list[str]) -> None:
            raise OSError("full")

        coalescer = Coalescer(write)
        await coalescer.add("a")
        with pytest.raises(OSError, match="full"):
            await coalescer.drain()

    asyncio.run(main())
