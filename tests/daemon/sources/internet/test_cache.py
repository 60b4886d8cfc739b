"""Pages are kept for their time, within their room, in a file that may be thrown away."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from daemon.sources.internet.cache import PageCache
from daemon.sources.internet.pages import Page, PagePassage
from daemon.store.clock import timestamp


def a_page(name: str, *, age_s: float = 0.0, size: int = 10) -> Page:
    url = f"http://a.example/{name}"
    at = timestamp(datetime.now(UTC) - timedelta(seconds=age_s))
    return Page(url, url, ("http://b.example/",), name, (PagePassage("line 1", "x" * size),), at)


def test_a_page_comes_back_as_it_was(tmp_path: Path):
    cache, page = PageCache(tmp_path / "pages.db", 60), a_page("one")
    cache.put(page)
    assert cache.get(page.url) == page
    cache.close()
    assert PageCache(tmp_path / "pages.db", 60).get(page.url) == page


def test_a_page_that_is_too_old_is_forgotten(tmp_path: Path):
    cache = PageCache(tmp_path / "pages.db", 60)
    cache.put(a_page("old", age_s=61))
    cache.put(a_page("young", age_s=50))
    assert cache.get("http://a.example/old") is None
    assert cache.get("http://a.example/young") is not None


def test_the_oldest_pages_go_when_there_is_no_room(tmp_path: Path):
    cache = PageCache(tmp_path / "pages.db", 3600, max_bytes=35_000)
    for age in range(5):
        cache.put(a_page(str(age), age_s=100 - age, size=10_000))
    kept = [n for n in range(5) if cache.get(f"http://a.example/{n}")]
    assert kept == [2, 3, 4]


def test_without_a_time_nothing_is_kept(tmp_path: Path):
    cache = PageCache(tmp_path / "pages.db", 0)
    cache.put(a_page("one"))
    assert cache.get("http://a.example/one") is None
    assert not (tmp_path / "pages.db").exists()


def test_a_damaged_file_is_made_anew(tmp_path: Path):
    file = tmp_path / "pages.db"
    file.write_bytes(b"this is no database" * 1000)
    cache = PageCache(file, 60)
    assert cache.get("http://a.example/one") is None
    cache.put(a_page("one"))
    assert cache.get("http://a.example/one") is not None


def test_a_place_that_cannot_be_written_costs_the_cache_and_nothing_else(tmp_path: Path):
    (tmp_path / "file").touch()
    cache = PageCache(tmp_path / "file" / "pages.db", 60)
    cache.put(a_page("one"))
    assert cache.get("http://a.example/one") is None
