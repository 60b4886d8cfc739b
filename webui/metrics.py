"""Counts what the bridge does, and tells it as Prometheus reads it."""

from collections import Counter
from typing import Final

from aiohttp import web

from client.remote import RemoteError
from daemon.protocol.calls import Nothing
from daemon.protocol.errors import AlvoError
from daemon.protocol.methods import DAEMON_STATUS
from webui.feed import Feed
from webui.upstream import Upstream

_AREAS: Final = ("/rpc", "/api/v1/agents", "/api/v1", "/static", "/metrics")


class Metrics:
    """No label comes from a request but its area, so that nobody can make there be many."""

    def __init__(self, upstream: Upstream, feed: Feed) -> None:
        self._upstream = upstream
        self._feed = feed
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()

    def count(self, request: web.BaseRequest, status: int, took_s: float) -> None:
        path = request.path
        area = next((area for area in _AREAS if path.startswith(area)), "/")
        self._requests[area, status] += 1
        self._seconds[area] += took_s  # type: ignore[assignment]  # a Counter adds any number

    def count_refusal(self, name: str) -> None:
        self._refusals[name] += 1

    async def text(self, language: str) -> str:
        lines = [
            *_series("alvo_web_requests_total", "counter", "Requests answered.", {
                f'area="{area}",status="{status}"': count
                for (area, status), count in sorted(self._requests.items())
            }),
            *_series("alvo_web_seconds_total", "counter", "Time spent on them.", {
                f'area="{area}"': round(took, 6) for area, took in sorted(self._seconds.items())
            }),
            *_series("alvo_web_refused_total", "counter", "Requests that the door refused.", {
                f'error="{name}"': count for name, count in sorted(self._refusals.items())
            }),
            *_series("alvo_web_pages", "gauge", "Pages that follow events.", {
                "": self._feed.readers
            }),
            *await self._daemon(language),
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    async def _daemon(self, language: str) -> list[str]:
        try:
            status = await self._upstream.call(DAEMON_STATUS, Nothing(), language)
        except (AlvoError, RemoteError):
            return _series("alvo_up", "gauge", "Whether the daemon answers.", {"": 0})
        values = {
            "up": ("Whether the daemon answers.", 1),
            "uptime_seconds": ("Since its start.", status.uptime_s),
            "flows_running": ("Flows that work.", status.flows_running),
            "flows_waiting": ("Flows that wait for a person.", status.flows_waiting),
            "memory_bytes": ("Resident memory of the daemon.", status.memory_bytes),
            "documents": ("Documents in the index.", status.index.documents),
            "passages": ("Passages in the index.", status.index.passages),
        }
        return [
            line
            for name, (what, value) in values.items()
            for line in _series(f"alvo_{name}", "gauge", what, {"": value})
        ]


def _series(name: str, kind: str, what: str, values: dict[str, float]) -> list[str]:
    head = [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]
    return head + [f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"
                   for labels, value in values.items()]  # fmt: skip
