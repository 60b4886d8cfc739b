"""What training agents takes, and what it costs those who ask meanwhile.

`ALVO_BENCH_LARGE=1` adds 10 MB of text, which takes minutes.
"""

import os
import random
import statistics
import tempfile
import time

from tests.bench.table import Row
from tests.support.daemon import Home, Rpc, a_home
from tests.support.waiting import wait_until

TEXT_BYTES = 100_000
LARGE_BYTES = 10_000_000
TRAININGS = 20
ASKED = 30
SUBJECTS = (
    "the oven", "the mill", "an invoice", "the delivery van", "a customer", "the cold store",
    "the till", "a new colleague", "the cleaning plan", "a complaint", "the alarm", "the recipe book",
)  # fmt: skip
ACTS = (
    "is checked", "must be written down", "is handed over", "is paid for", "may be moved",
    "is locked", "has to be cleaned", "is counted", "is replaced", "is shown to the owner",
)  # fmt: skip
WHEN = (
    "every morning at six", "before the first delivery", "once a month", "on Fridays after work",
    "within three days", "when the season begins", "after a power cut", "at the end of the year",
)  # fmt: skip
WHY = (
    "because the insurance asks for it", "so that nothing spoils", "as the contract says",
    "or the shop stays closed", "which takes ten minutes", "and two people sign for it",
)  # fmt: skip


def rows() -> list[Row]:
    found = [*_small(), *_many()]
    return [*found, *_large()] if os.environ.get("ALVO_BENCH_LARGE") else found


def text_of(size: int, seed: int) -> str:
    """Markdown of sections that each say something of their own."""
    chosen = random.Random(seed)
    parts = list[str]()
    length = 0
    while length < size:
        subject, code = chosen.choice(SUBJECTS), chosen.randrange(10_000)
        sentences = [
            f"{chosen.choice(SUBJECTS).capitalize()} {chosen.choice(ACTS)} {chosen.choice(WHEN)},"
            f" {chosen.choice(WHY)}, and form {chosen.randrange(100_000)} says so."
            for _ in range(8)
        ]
        parts.append(f"## What to know of {subject}, rule {code}\n\n{' '.join(sentences)}\n")
        length += len(parts[-1])
    return "\n".join(parts)[:size]


def _small() -> list[Row]:
    with a_home() as home:
        home.start(ALVO_EMBEDDER_KIND="auto")
        with home.rpc() as rpc:
            # The graph of the embedder is built once on a machine.
            _trained(rpc, "warm", "A few words to begin with.")
            took = _trained(rpc, "baker", text_of(TEXT_BYTES, 1))
            alone, asked = _added(rpc)
    return [
        Row("agents: 100 KB of text, ready", f"{took:.1f} s", "≤ 10 s", "", took <= 10),
        Row(
            "agents: asking one, beside a flow",
            f"{asked - alone:+.1f} ms",
            "≤ 10 ms",
            f"{asked / alone:.2f} × the flow",
            asked - alone <= 10,
        ),
    ]


def _trained(rpc: Rpc, name: str, text: str, within: float = 600.0) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".md") as file:
        file.write(text)
        file.flush()
        begun = time.perf_counter()
        rpc("agent.create", user_id=name, files=[file.name])
        wait_until(lambda: _rests(rpc, name), within)
        return time.perf_counter() - begun


def _rests(rpc: Rpc, name: str) -> bool:
    agent = rpc("agent.status", user_id=name)
    assert agent["error"] is None, agent
    return bool(agent["training"] is None)


def _added(rpc: Rpc) -> tuple[float, float]:
    """Milliseconds of a flow and of an inference, by turns, on the same question."""
    question = "When is the oven checked?"
    flows, inferences = list[float](), list[float]()
    for _ in range(ASKED):
        begun = time.perf_counter()
        flow = rpc("flow.start", question=question)
        after = 0
        while flow["status"] == "running":
            told = rpc("flow.wait", flow_id=flow["id"], after=after, timeout_s=30)
            after = told["events"][-1]["seq"] if told["events"] else after
            flow = told["flow"]
        flows.append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        rpc("agent.infer", user_id="baker", prompt=question)
        inferences.append((time.perf_counter() - begun) * 1000)
    return statistics.median(flows), statistics.median(inferences)


def _many() -> list[Row]:
    """How soon a question's flow is under way while as many agents are trained as wanted."""
    with a_home() as home:
        home.start(ALVO_EMBEDDER_KIND="auto")
        with home.rpc() as rpc:
            _trained(rpc, "warm", "A few words to begin with.")
            for n in range(TRAININGS):
                text = text_of(TEXT_BYTES, 100 + n)
                rpc("agent.create", user_id=f"agent-{n}", training_data=text)
            waits = _starts(home)
            training = sum(one["training"] is not None for one in rpc("agent.list")["agents"])
            for n in range(TRAININGS):
                rpc("agent.delete", user_id=f"agent-{n}")
    worst = max(waits)
    return [
        Row(
            f"agents: a question starts while {training} train",
            f"{worst:.0f} ms (the slowest of {len(waits)})",
            "≤ 200 ms",
            f"{statistics.median(waits):.0f} ms in the middle",
            worst <= 200,
        )
    ]


def _starts(home: Home) -> list[float]:
    waits = list[float]()
    with home.rpc() as rpc:
        for _ in range(ASKED):
            begun = time.perf_counter()
            flow = rpc("flow.start", question="When is the oven checked?")
            rpc("flow.wait", flow_id=flow["id"], after=0, timeout_s=5)
            waits.append((time.perf_counter() - begun) * 1000)
            rpc.follow(flow["id"], {"answered", "waiting", "failed"})
    return waits


def _large() -> list[Row]:
    with a_home() as home:
        home.start(ALVO_EMBEDDER_KIND="auto")
        with home.rpc() as rpc:
            took = _trained(rpc, "large", text_of(LARGE_BYTES, 2), within=3600)
            passages = rpc("agent.status", user_id="large")["passages"]
    return [
        Row(
            "agents: 10 MB of text, ready",
            f"{took / 60:.1f} min",
            "≤ 15 min",
            f"{passages} passages",
            took <= 900,
        )
    ]
