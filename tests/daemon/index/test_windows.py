from daemon.index.schema import MAX_WINDOWS
from daemon.index.windows import SIZE, STEP, windows
from tests.support.embedder import WordEmbedder

EMBEDDER = WordEmbedder()


def numbered(count):
    return " ".join(f"w{n}" for n in range(count))


def test_a_short_passage_is_one_window_with_its_title_in_front():
    assert windows("Leave", "thirty days a year", EMBEDDER) == ["Leave\nthirty days a year"]
    assert windows("", "thirty days", EMBEDDER) == ["thirty days"]


def test_an_empty_passage_still_has_a_window():
    assert windows("Title", "", EMBEDDER) == ["Title\n"]


def test_windows_overlap_and_cover_the_whole_passage():
    cut = [part.split() for part in windows("", numbered(400), EMBEDDER)]

    assert [len(part) for part in cut[:-1]] == [SIZE] * (len(cut) - 1)
    assert [part[0] for part in cut] == [f"w{n * STEP}" for n in range(len(cut))]
    assert cut[-1][-1] == "w399"
    assert cut[-1][0] != cut[-2][0]


def test_every_window_has_the_title_in_front():
    assert all(part.startswith("Leave\n") for part in windows("Leave", numbered(400), EMBEDDER))


def test_a_passage_one_word_too_long_gets_a_second_window():
    assert len(windows("", numbered(SIZE), EMBEDDER)) == 1
    assert len(windows("", numbered(SIZE + 1), EMBEDDER)) == 2


def test_the_longest_passages_are_covered_by_as_many_windows_as_a_passage_may_have():
    cut = windows("", numbered(20_000), EMBEDDER)

    assert len(cut) <= MAX_WINDOWS
    assert cut[-1].split()[-1] == "w19999"
