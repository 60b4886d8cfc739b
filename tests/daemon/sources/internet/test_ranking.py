"""Of a page, the passages about the question come first."""

from daemon.protocol.values import Timestamp
from daemon.sources.internet import Page, PagePassage, best

FERRY = (
    "The ferry returns after eleven years of waiting for the people of the valley.",
    "In summer the ferry leaves every half hour from 6:30 until 21:00, in winter every hour.",
    "The district contributed 4.1 million euros and the ministry 2.9 million.",
    "A ticket for a car with its driver costs 6.40 euros; cyclists pay 1.20.",
)
FAROL = (
    "O farol foi construído entre 1889 e 1893 pelo engenheiro Teodoro Quintela.",
    "A lente gira a cada 20 segundos e emite dois lampejos brancos.",
    "Desde 1998 o farol é automático; o último faroleiro é guia do museu.",
)


def page(*texts: str, places: tuple[str, ...] = ()) -> Page:
    named = places or tuple(f"paragraph {n}" for n in range(1, len(texts) + 1))
    passages = tuple(PagePassage(place, text) for place, text in zip(named, texts, strict=True))
    return Page("http://a.example/", "http://a.example/", (), "t", passages, Timestamp("2026"))


def test_the_passage_with_the_words_of_the_question_is_first():
    assert best(page(*FERRY), "How much is a ticket for a car?", 2)[0].text == FERRY[3]
    assert best(page(*FERRY), "What did the ministry contribute?", 1)[0].text == FERRY[2]
    assert best(page(*FAROL), "Quem construiu o farol?", 1)[0].text == FAROL[0]
    assert best(page(*FAROL), "de quantos em quantos segundos gira a lente", 1)[0].text == FAROL[1]


def test_a_word_of_the_heading_counts():
    found = best(page("Closed.", "Gratis.", places=("Horários", "Preço")), "qual é o preço?", 1)
    assert found[0].text == "Gratis."


def test_names_and_numbers_are_found_across_languages():
    assert best(page(*FAROL), "What did Teodoro Quintela build?", 1)[0].text == FAROL[0]


def test_no_more_than_asked_for_and_none_that_share_nothing():
    assert len(best(page(*FERRY), "ferry", 8)) == 2
    assert best(page(*FERRY), "ferry", 1)[0].text in FERRY[:2]


def test_where_nothing_fits_the_page_is_given_from_its_beginning():
    assert [found.text for found in best(page(*FERRY), "zebra", 2)] == list(FERRY[:2])
    assert [found.text for found in best(page(*FERRY), "", 2)] == list(FERRY[:2])
