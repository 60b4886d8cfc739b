import pytest

from daemon.flow.starting import first_state
from daemon.protocol.calls import StartFlow


@pytest.mark.parametrize(
    ("question", "speaks", "language"),
    [
        ("Em que dia o salário é pago?", "en", "pt"),
        ("On which day are we paid?", "pt", "en"),
        ("Crie a pasta do relatório mensal", "pt", "pt"),
        ("!rm the-file && for f in *; do echo it; done", "pt", "pt"),
        ("!ls", "en", "en"),
    ],
)
def test_a_flow_speaks_the_language_of_its_question_else_that_of_its_person(
    question, speaks, language, tmp_path
):
    stored = first_state(StartFlow(question=question), tmp_path, speaks)
    assert stored.flow.language == language


def test_a_language_that_is_named_counts_more_than_the_question(tmp_path):
    given = StartFlow(question="Em que dia o salário é pago?", language="en-GB")
    assert first_state(given, tmp_path, "pt").flow.language == "en"
