"""What a block may do to its flow while it works: remember, and say."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from daemon.protocol.values import SourceName, Usage
from daemon.store.approvals import UsedApproval

T = TypeVar("T")


class Journal(Protocol):
    """Durable: what it recorded is there after a crash, and is not done again."""

    async def once(
        self,
        name: str,
        type_: type[T],
        work: Callable[[], Awaitable[T]],
        cost: Callable[[T], tuple[str, Usage]] | None = None,
    ) -> T:
        """What the step of this name gave in this round; works only where it has not yet.

        `cost`: which reasoner it took and what that used, put to the flow's account once.
        """

    async def recall(self, name: str, type_: type[T]) -> T | None:
        """What that step of this round gave, if it is done."""

    async def history(self, name: str, type_: type[T]) -> list[T]:
        """What the steps of that name gave, over all rounds so far."""

    async def write(self, text: str) -> None:
        """A piece of the answer, for those who watch."""

    async def rewrite(self, text: str) -> None:
        """What was written so far is void; this is the answer."""

    async def looked(self, source: SourceName, where: str, outcome: str) -> None:
        """What was looked up, where, and what came of it: the way of an answer."""

    async def use(self, approval_id: str) -> UsedApproval:
        """The leave that a person gave, used up; APPROVAL_USED where it is no longer one."""

    async def redirected(self, approval: UsedApproval, url: str, to: str) -> None:
        """What was approved leads elsewhere: in the audit log before it is followed."""

    async def notice(self, message: str) -> None:
        """Something a person should know while they wait."""
