"""Previews as the flow engine has them: asked for, applied, undone, taken up after a crash."""

import contextlib
from typing import Final

from daemon.config import Paths
from daemon.flow.applying import Applier
from daemon.flow.ledger import Ledger
from daemon.flow.previewing import Previewed, Previewer
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import AnsweredBy, Flow, FlowId, Inquiry
from daemon.shell.preview_changes import shown
from daemon.shell.preview_files import Change
from daemon.shell.session import NEW, Shell
from daemon.store.changes import ChangeSet, preview_changes, waiting_previews
from daemon.store.flows import StoredFlow
from prompts import Phrase

NOT_MADE: Final = (
    errors.PREVIEW_UNAVAILABLE,
    errors.PREVIEW_NOT_THERE,
    errors.PREVIEW_TOO_LARGE,
)
"""A plan without a preview is asked for as ever."""


class Previews:
    """One door to what makes previews and to what writes them."""

    def __init__(self, ledger: Ledger, shell: Shell, applier: Applier, paths: Paths) -> None:
        self._ledger = ledger
        self._shell = shell
        self._applier = applier
        self._fresh = set[str]()
        hidden = (
            paths.socket.parent,
            paths.runtime_dir,
            paths.config_file.parent,
            paths.index_dir,
            paths.state_dir,
            paths.cache_dir,
        )
        around = shell.surroundings(paths.home, tuple(dict.fromkeys(hidden)))
        self._previewer = Previewer(around, paths.state_dir / "previews", applier.limit_bytes)

    async def make(self, stored: StoredFlow, inquiry: Inquiry) -> Previewed:
        """Of a drafted inquiry; raises one of NOT_MADE."""
        state = self._shell.state(stored.flow.conversation, stored.cwd)
        session = state.incarnation != NEW
        self._fresh.add(inquiry.id)
        self._previewer.forget(self._fresh | await self._ledger.read(waiting_previews))
        return await self._previewer.preview(inquiry, stored.flow, session=session)

    def made(self, inquiry: Inquiry) -> None:
        """Recorded, or given up: from here on its row says whether its bytes are wanted."""
        self._fresh.discard(inquiry.id)

    async def prepare(self, inquiry: Inquiry) -> ChangeSet:
        """For `apply`: raises PREVIEW_CONFLICT."""
        changes = await self._changes(inquiry)
        kept = self._previewer.kept(inquiry.id)
        return await self._applier.prepare(inquiry.flow_id, changes, kept)

    async def keep(self, inquiry: Inquiry) -> ChangeSet | None:
        """For a real run of what was previewed; None: it has no preview, or cannot be kept."""
        if inquiry.preview is None or inquiry.preview.get("digest") is None:
            return None
        return await self._applier.keep(inquiry.flow_id, await self._changes(inquiry))

    async def apply(self, flow_id: FlowId, set_id: str) -> None:
        await self._applier.apply(flow_id, set_id)

    async def settle(self, flow_id: FlowId) -> str:
        """After a real run: what became of the files of its preview; empty where it had none."""
        return await self._applier.settle(flow_id)

    async def undo(self, flow: Flow, by: AnsweredBy) -> list[str]:
        """The paths that are as they were before."""
        return [shown(change.path) for change in await self._applier.undo(flow, by)]

    async def recover(self) -> None:
        """Before anything else is taken up: files first, then what the flows say of them."""
        await self._applier.recover()
        with contextlib.suppress(OSError):
            self._previewer.forget(await self._ledger.read(waiting_previews))

    async def _changes(self, inquiry: Inquiry) -> list[Change]:
        found = await self._ledger.read(lambda db: preview_changes(db, inquiry.id, list[Change]))
        if found is None:
            raise AlvoError(
                errors.INQUIRY_CHANGED, what=Phrase("changed_digest"), inquiry=inquiry.id
            )
        return found
