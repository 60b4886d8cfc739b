"""The pages in a real Chromium: how much the first load is, how soon it can be used, how it scrolls."""

import gzip
import statistics
import time
from pathlib import Path

from tests.bench.table import Row
from tests.support.browser import Chromium, chromium
from tests.support.person import Person, a_person

LOADS = 5
ROUNDS = 2
MESSAGES = 1_000
QUESTION = "How many days of paid leave are there?"
CONVERSATION = "cnv2345678bcdf"
STATIC = Path(__file__).parents[2] / "webui" / "static"
_WATCH = """
new MutationObserver((_, watch) => {
  if (!("ready" in (document.documentElement?.dataset ?? {}))) return;
  window.readyAt = performance.now();
  watch.disconnect();
}).observe(document, { subtree: true, attributes: true, childList: true });
window.longest = 0;
new PerformanceObserver((seen) => {
  for (const { duration } of seen.getEntries()) window.longest = Math.max(longest, duration);
}).observe({ type: "longtask" });
"""
_SIZES = """performance.getEntries().filter((one) => "transferSize" in one)
  .reduce((sum, one) => sum + one.transferSize, 0)"""


def rows() -> list[Row]:
    if chromium() is None:
        return [Row("the pages in Chromium", "no Chromium is installed here")]
    with Chromium() as browser, a_person(browser) as person:
        return [*_first_load(person), _scripts(), _scrolling(person)]


def _first_load(person: Person) -> list[Row]:
    """With nothing kept from before; the login that leads to the page is part of it."""
    loads = [_load(person) for _ in range(LOADS + 1)][1:]
    size = max(kilobytes for kilobytes, _ in loads)
    ready = statistics.median(ms for _, ms in loads)
    return [
        Row("first load, as sent", f"{size:.0f} kB", "≤ 300 kB", "", size <= 300),
        Row("first load to interactive, p50", f"{ready:.0f} ms", "≤ 500 ms", "", ready <= 500),
    ]


def _load(person: Person) -> tuple[float, float]:
    with person.tab(before=_WATCH) as tab:
        ready: float = tab.page.evaluate("readyAt")
        size: float = tab.page.evaluate(_SIZES)
        return size / 1000, ready


def _scripts() -> Row:
    """Every script of ours, those too that the first page does not need."""
    texts = [path.read_bytes() for path in STATIC.rglob("*.js") if "vendor" not in path.parts]
    sent = sum(len(gzip.compress(text, 9)) for text in texts) / 1000
    raw = sum(map(len, texts)) / 1000
    return Row("all scripts of ours, as sent", f"{sent:.0f} kB", "≤ 100 kB", f"{raw:.0f} kB as written", sent <= 100)  # fmt: skip


def _scrolling(person: Person) -> Row:
    flows = _long_conversation(person)
    # The quieter round: a neighbour on the machine only ever adds.
    longest = min(_scrolled(person, flows[0], flows[-1]) for _ in range(ROUNDS))
    what = f"longest task while {MESSAGES:,} messages scroll"
    return Row(what, f"{longest:.0f} ms", "≤ 50 ms", "0: none that counts as long", longest <= 50)


def _scrolled(person: Person, first: str, last: str) -> float:
    """From the end of a conversation to its beginning and back, a screen or two at a time."""
    with person.tab(f"/conversations/{CONVERSATION}", before=_WATCH) as tab:
        page = tab.page
        page.locator(f"[data-flow='{last}']").wait_for()
        page.mouse.move(600, 400)
        page.evaluate("longest = 0")
        for way, flow_id in ((-1, first), (1, last)):
            end = time.monotonic() + 60
            while not page.locator(f"article[data-flow='{flow_id}']").is_visible():
                assert time.monotonic() < end, "the end of the conversation was not reached"
                page.mouse.wheel(0, way * 1400)
                page.evaluate("new Promise((done) => setTimeout(done, 30))")
        longest: float = page.evaluate("longest")
        return longest


def _long_conversation(person: Person) -> list[str]:
    """The ids of its flows, each a question and its answer."""
    notes = person.home.home / "notes"
    notes.mkdir()
    (notes / "leave.md").write_text("# Leave\n\nEverybody has thirty days of paid leave a year.\n")
    person.home.run("alvo-embed", "add", str(notes))
    started = [
        person.asked(QUESTION, conversation=CONVERSATION)["id"] for _ in range(MESSAGES // 2)
    ]
    for flow_id in started:
        person.ended(flow_id)
    return started
