"""Without a model a profile still says what the data is about, in the data's language."""

from daemon.agents.child.profile import Read, profile_of

PORTUGUESE = [
    Read(
        "Flask",
        "Sou especialista em Python e em APIs REST. Para criar uma API Flask, instale o Flask e"
        " escreva as rotas. Você pode testar as rotas com pytest.",
        "pt",
    ),
    Read("Django", "O Django traz um ORM. O ORM do Django gera as tabelas. API e ORM.", "pt"),
    Read("Testes", "Quem escreve os testes? Os testes das rotas da API rodam com pytest.", "pt"),
]


def test_it_says_what_the_person_says_of_themselves_first():
    profile = profile_of(PORTUGUESE, [], "pt", None)
    assert profile.expertise.startswith("Sou especialista em Python e em APIs REST.")
    assert profile.written_by == "offline"


def test_a_description_stands_before_everything():
    profile = profile_of(PORTUGUESE, [], "pt", "Ajuda a equipe de backend.")
    assert profile.expertise.startswith("Ajuda a equipe de backend. Sou especialista")


def test_the_vocabulary_holds_terms_and_abbreviations_as_they_are_written():
    words = profile_of(PORTUGUESE, [], "pt", None).vocabulary
    assert {"API", "ORM", "pytest"} <= set(words)
    assert not {"de", "com", "para", "os"} & {word.lower() for word in words}


def test_of_words_that_weigh_the_same_the_first_stand_first():
    said = ["banana", "cherry", "damson", "elder", "fig", "grape", "hazel", "juniper", "kiwi"]
    passages = [Read("", f"We grow {', '.join(said)}.", "en")] * 3
    words = profile_of(passages, [], "en", None).vocabulary
    assert [word for word in words if word in said] == said


def test_the_vocabulary_holds_nothing_that_nobody_says():
    key = "f00d" * 1500
    profile = profile_of([Read("Key", f"The key of the oven is {key}.", "en")], [], "en", None)
    assert {word.lower() for word in profile.vocabulary} == {"key", "oven"}


def test_questions_are_those_given_those_in_the_data_and_those_of_the_headings():
    questions = profile_of(PORTUGUESE, ["Como faço o deploy?"], "pt", None).questions
    assert questions[0] == "Como faço o deploy?"
    assert questions[1] == "Quem escreve os testes?"
    assert any("Django" in question for question in questions)


def test_the_tone_tells_how_it_speaks():
    assert "dirige-se ao leitor" in profile_of(PORTUGUESE, [], "pt", None).tone
    assert (
        "speaks in the first person"
        in profile_of(
            [Read("", "I am a cook. I bake bread. My oven is hot.", "en")], [], "en", None
        ).tone
    )


def test_no_passages_make_an_empty_profile():
    profile = profile_of([], [], "en", None)
    assert (profile.expertise, profile.vocabulary, profile.questions) == ("", [], [])


def test_of_questions_with_their_answers_it_says_what_they_are_about():
    answered = [
        Read("Is there parking?", "We hope to begin with that in the next spring of all.", "en"),
        Read("May I bring a dog?", "She answers within two days, and money comes back.", "en"),
    ]
    profile = profile_of(answered, [one.heading for one in answered], "en", None)
    assert profile.expertise.startswith("Answers questions about ")
    assert {"parking", "dog"} <= set(profile.vocabulary)
    assert profile.questions == ["Is there parking?", "May I bring a dog?"]
