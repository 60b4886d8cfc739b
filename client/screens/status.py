"""The daemon's own state, as a person reads it."""

from __future__ import annotations

from client import moments
from client.terminal import Paint
from client.words import Words
from daemon.protocol.escape import escape

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import DaemonStatus


def status_screen(status: DaemonStatus, words: Words, paint: Paint) -> str:
    """What the daemon is doing; ends with what to do next if something waits."""
    embedder = status.embedder or words("status_embedder_none")
    rows = [
        ("status_reasoner", escape(status.reasoner)),
        ("status_embedder", escape(embedder)),
        (
            "status_index",
            words(
                "status_index_counts",
                documents=status.index.documents,
                passages=status.index.passages,
                embedded=status.index.embedded,
            ),
        ),
        (
            "status_flows",
            words(
                "status_flows_counts", running=status.flows_running, waiting=status.flows_waiting
            ),
        ),
        ("status_memory", moments.size(status.memory_bytes)),
    ]
    undo = status.undo
    if undo.flows or undo.dropped:
        kept = {"size": moments.size(undo.bytes), "limit": moments.size(undo.limit_bytes)}
        told = words("status_undo_counts", flows=undo.flows, **kept)
        if undo.dropped:
            told += " · " + words("status_undo_dropped", count=undo.dropped)
        rows.append(("status_undo", told))
    if status.sessions_working:
        working = words("status_working_counts", count=status.sessions_working)
        rows.insert(-1, ("status_working", working))
    head = words(
        "status_head",
        version=status.version,
        pid=status.pid,
        uptime=moments.span(status.uptime_s),
    )
    lines = [paint(head, "bold"), *_table(rows, words, paint)]
    if status.flows_waiting:
        lines.append(paint(words("status_waiting_next"), "yellow"))
    elif not status.index.documents:
        lines.append(paint(words("sources_none"), "yellow"))
    return "\n".join(lines) + "\n"


def _table(rows: list[tuple[str, str]], words: Words, paint: Paint) -> list[str]:
    labels = [words(name) for name, _ in rows]
    column = max(map(len, labels))
    return [
        f"  {paint(label.ljust(column), 'dim')}  {value}"
        for label, (_, value) in zip(labels, rows, strict=True)
    ]
