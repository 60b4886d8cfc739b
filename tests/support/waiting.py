"""Waiting for a condition instead of for a time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any


def wait_until(condition: Callable[[], Any], within: float = 10.0) -> Any:
    """The first true value of `condition`, asked again and again; fails after `within` seconds."""
    end = time.monotonic() + within
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {inspect.getsource(condition).strip()}")
        time.sleep(0.01)
    return value


async def until(condition: Callable[[], Any | Awaitable[Any]], within: float = 10.0) -> Any:
    """As `wait_until`, for a condition that may be awaited, without holding the event loop."""
    end = time.monotonic() + within
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {inspect.getsource(condition).strip()}")
        await asyncio.sleep(0.01)
