"""Question or task, from the form of a sentence alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from daemon.protocol.values import ReplyType
from daemon.reasoner import intent
from daemon.reasoner.intent import IntentClassifier
from tests.eval.intents import AIM, accuracy, portuguese

CLASSIFIER = IntentClassifier(None)


@pytest.mark.parametrize(
    "sentence",
    [
        "How many days of vacation do I have?",
        "how do I make a backup of the shop folder",
        "Is the shop open on Saturdays",
        "Could you tell me who is on call?",
        "Quantos dias de férias eu tenho?",
        "quantos dias de ferias eu tenho",
        "A loja abre no sábado?",
        "Como faço uma cópia de segurança?",
    ],
)
def test_a_question_is_a_question(sentence: str) -> None:
    assert CLASSIFIER.type_of(sentence) is ReplyType.ANSWER


@pytest.mark.parametrize(
    "sentence",
    [
        "Make a backup of the shop folder",
        "please restart the web server",
        "Can you restart the web server?",
        "Don't delete the photos",
        "Faça uma cópia de segurança da loja",
        "reinicie o servidor",
        "Você pode reiniciar o servidor?",
        "Não apague as fotos",
    ],
)
def test_a_task_is_a_task(sentence: str) -> None:
    assert CLASSIFIER.type_of(sentence) is ReplyType.TASK


def test_portuguese_that_it_never_saw_is_told_apart() -> None:
    held_out = list(portuguese())
    assert len(held_out) == 200
    assert not {text for text, _ in held_out} & {text for text, _ in intent.sentences()}
    assert accuracy(held_out) >= AIM


def test_there_are_several_hundred_sentences_of_each_kind_and_none_twice() -> None:
    texts = [text for text, _ in intent.sentences()]
    tasks = sum(task for _, task in intent.sentences())
    assert len(texts) == len(set(texts)) > 900
    assert 0.4 < tasks / len(texts) < 0.6


def test_learning_gives_the_same_each_time_and_is_kept_in_the_cache(tmp_path: Path) -> None:
    first = IntentClassifier(tmp_path).probability_of_task("Restart it")
    (file,) = tmp_path.iterdir()
    written = file.read_bytes()
    assert IntentClassifier(tmp_path).probability_of_task("Restart it") == first
    assert intent.learn().tobytes() == written


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 8 * intent.SLOTS])
def test_a_damaged_cache_is_learned_anew(tmp_path: Path, content: bytes) -> None:
    expected = IntentClassifier(tmp_path).probability_of_task("Restart it")
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert IntentClassifier(tmp_path).probability_of_task("Restart it") == expected


def test_a_cache_that_cannot_be_written_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    classifier = IntentClassifier(tmp_path / "file" / "below")
    assert classifier.type_of("Restart it") is ReplyType.TASK


@pytest.mark.parametrize("text", ["", " ", "?", "\0", "é" * 10_000, "🙂", "\ud800"])
def test_any_text_has_an_answer(text: str) -> None:
    assert 0.0 <= CLASSIFIER.probability_of_task(text) <= 1.0


def test_with_the_cache_there_it_does_without_numpy(tmp_path: Path) -> None:
    IntentClassifier(tmp_path).type_of("Restart it")
    program = (
        "import sys, pathlib;"
        "from daemon.index import language;"
        "before = 'numpy' in sys.modules;"
        "from daemon.reasoner.intent import IntentClassifier;"
        f"IntentClassifier(pathlib.Path({str(tmp_path)!r})).type_of('Restart it');"
        "print(before == ('numpy' in sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert printed.stdout.strip() == b"True"
