"""The same passage, or nearly the same, is taken once, however many there are."""

import random
import time

from daemon.agents.child.duplicates import Duplicates, digest

WORDS = [f"word{n}" for n in range(2000)]


def passage(seed: int, length: int = 120) -> list[str]:
    return random.Random(seed).choices(WORDS, k=length)


def test_the_same_words_are_a_duplicate_whatever_stands_between_them():
    before = Duplicates()
    assert not before.seen("The shop opens at nine.")
    assert before.seen("the SHOP — opens at nine")
    assert not before.seen("The shop opens at ten.")


def test_a_passage_with_a_few_other_words_is_a_near_duplicate():
    before = Duplicates()
    text = passage(1)
    assert not before.seen(" ".join(text))
    changed = [*text]
    changed[40] = "other"
    assert before.seen(" ".join(changed))


def test_passages_that_share_half_of_their_words_are_two():
    before = Duplicates()
    text = passage(2)
    assert not before.seen(" ".join(text))
    assert not before.seen(" ".join([*text[:60], *passage(3, 60)]))


def test_short_passages_are_only_the_same_word_by_word():
    before = Duplicates()
    assert not before.seen("The code of the door is 4711, said the keeper")
    assert not before.seen("The code of the door is 4712, said the keeper")


def test_answers_to_different_questions_are_kept_however_much_the_questions_share():
    before = Duplicates()
    told = " ".join(passage(4, 400))
    assert not before.seen("In the year 1999.", digest(f"{told} When was it built?"))
    assert not before.seen("By the miller.", digest(f"{told} Who built it?"))
    long = " ".join(passage(5))
    assert not before.seen(long, digest("Who?"))
    assert not before.seen(f"{long} then", digest("Where?"))
    assert before.seen(f"{long} then", digest("WHO"))


def test_it_takes_time_in_proportion_to_the_passages_also_where_they_are_made_alike():
    def took(count: int) -> float:
        before = Duplicates()
        head = passage(0, 60)
        begun = time.process_time()
        for n in range(count):
            before.seen(" ".join([*head, *passage(n + 1, 60)]))
        return time.process_time() - begun

    once = min(took(200) for _ in range(2))
    assert took(800) < 12 * once
