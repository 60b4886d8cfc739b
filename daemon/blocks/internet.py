"""Looks for missing pieces on pages of the internet: only those that the person said yes to (P1)."""

import asyncio
from collections.abc import Sequence
from typing import Final

import prompts
from daemon.blocks.journal import Journal
from daemon.blocks.outcome import Ask
from daemon.blocks.person import PersonReply
from daemon.blocks.pieces import Pieces
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Flow, InquiryKind, SourceName
from daemon.reasoner import ContextPiece, Missing
from daemon.sources.internet import Internet, Page, best
from daemon.store.approvals import UsedApproval

_PASSAGES: Final = 4
_MAX_URLS: Final = 8


class InternetSearch:
    """One inquiry names every address of all pieces, and why."""

    def __init__(self, internet: Internet) -> None:
        self._internet = internet

    async def look(
        self, flow: Flow, missing: Sequence[tuple[int, Missing]], tag: str, journal: Journal
    ) -> tuple[ContextPiece, ...] | Ask:
        """The passages that matter; or the inquiry that has to be answered first."""
        step = f"pages/{tag}"
        known = await journal.recall(step, Pieces)
        if known is not None:
            return known.pieces
        urls = await self._addresses(flow, missing, journal)
        kept = {url: page for url in urls if (page := await self._kept(url)) is not None}
        wanted = tuple(url for url in urls if url not in kept)
        approval = None
        if wanted:
            said = await journal.recall(f"fetch/{tag}", PersonReply)
            if said is not None and not said.known:
                said_no = prompts.phrase("looked_denied", flow.language)
                await journal.looked(SourceName.INTERNET, ", ".join(wanted), said_no)
                wanted = ()
            else:
                approval = await _leave(said, journal)
                if approval is None:
                    return _ask(wanted, [piece for _, piece in missing], tag, flow.language)
        found = await journal.once(
            step, Pieces, lambda: self._read(flow, kept, approval, wanted, journal)
        )
        return found.pieces

    async def _addresses(
        self, flow: Flow, missing: Sequence[tuple[int, Missing]], journal: Journal
    ) -> tuple[str, ...]:
        """Those that are given or found by the search address, each once; refused ones are told."""
        urls = list[str]()
        for _, piece in missing:
            if piece.secret:
                continue
            try:
                urls += self._internet.addresses(piece.urls, piece.information)
            except AlvoError as error:
                where = str(error.blanks.get("url", ""))
                refused, _ = prompts.sentence(error.type.name, flow.language, **error.blanks)
                await journal.looked(SourceName.INTERNET, where, refused)
        return tuple(dict.fromkeys(urls))[:_MAX_URLS]

    async def _kept(self, url: str) -> Page | None:
        return await asyncio.to_thread(self._internet.cached, url)

    async def _read(
        self,
        flow: Flow,
        kept: dict[str, Page],
        approval: UsedApproval | None,
        wanted: Sequence[str],
        journal: Journal,
    ) -> Pieces:
        fetched = list[ContextPiece]()
        if approval is not None:
            pages = await asyncio.gather(
                *(self._fetch(flow, approval, n, journal) for n in range(len(wanted)))
            )
            fetched = [piece for page in pages for piece in _pieces(page, flow.question)]
        for url, page in kept.items():
            at = page.retrieved_at
            kept_since = {"date": at[:10], "time": at[11:16]}
            known = prompts.phrase("looked_kept", flow.language, **kept_since)
            await journal.looked(SourceName.INTERNET, url, known)
            fetched += _pieces(page, flow.question)
        return Pieces(tuple(fetched))

    async def _fetch(
        self, flow: Flow, approval: UsedApproval, n: int, journal: Journal
    ) -> Page | None:
        url = approval.urls[n]
        try:
            page = await self._internet.fetch(
                approval, n, lambda from_, to: journal.redirected(approval, from_, to)
            )
        except AlvoError as error:
            failed, _ = prompts.sentence(error.type.name, flow.language, **error.blanks)
            await journal.looked(SourceName.INTERNET, url, failed)
            return None
        way = " → ".join([*page.hops, page.final_url]) if page.hops else page.final_url
        read = prompts.phrase("looked_passages", flow.language, count=len(page.passages))
        await journal.looked(SourceName.INTERNET, way, read)
        return page


async def _leave(said: PersonReply | None, journal: Journal) -> UsedApproval | None:
    """The approval, used up; None where there is none that still counts: then it is asked for."""
    if said is None or said.approval_id is None:
        return None
    try:
        return await journal.use(said.approval_id)
    except AlvoError as error:
        if error.type is errors.APPROVAL_USED:
            return None
        raise


def _ask(urls: tuple[str, ...], missing: Sequence[Missing], tag: str, language: str) -> Ask:
    why = "; ".join(dict.fromkeys(piece.information for piece in missing if piece.information))
    text = prompts.phrase("fetch_why", language, why=why)
    return Ask(InquiryKind.FETCH, text, step=f"fetch/{tag}", urls=urls)


def _pieces(page: Page | None, question: str) -> list[ContextPiece]:
    if page is None:
        return []
    return [
        ContextPiece(
            n=0,
            source=SourceName.INTERNET,
            title=page.title or page.final_url,
            location=page.final_url,
            text=passage.text,
            modified_at=None,
            retrieved_at=page.retrieved_at,
            private=False,
            score=1.0,
            path=None,
        )
        for passage in best(page, question, _PASSAGES)
    ]
