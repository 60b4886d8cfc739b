"""Question or task, without a model: character n-grams and a dozen rules in a logistic regression.

The weights are learned from the sentences beside this module, at the first use, and kept in the
cache under the hash of what they were learned from. Only the learning needs numpy.
"""

import hashlib
import math
import os
import re
import zlib
from array import array
from collections import Counter
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from daemon.index import language
from daemon.protocol.values import ReplyType

SLOTS: Final = 4096
"""Features are hashed into this many weights, the last of which is the bias."""
_VERSION: Final = "1"
_BEGINNING: Final = 48
_LONGEST: Final = 200
_RULE_WEIGHT: Final = 0.7
_RIDGE: Final = 0.08
_STEPS: Final = 6

_ASK_EN = (
    "what|what's|whats|who|who's|whose|whom|which|when|where|why|how|is|isn't|are|aren't|was|were"
    "|am|do you|do we|do i|do they|does|did|didn't|has|have (?:you|we|they|the|i)|had|should"
    "|shall i|must (?:i|we|the)|may (?:guests|customers)|might"
)
_ASK_PT = (
    "quant[oa]s?|qual|quais|quem|quando|onde|aonde|por que|porque|pra que|para que|como|o que|que"
    "|sera que|existe[m]?|ha|houve|e (?:permitid|precis|verdade|possive|segur)[a-z]*|a que|ate quando"
    "|ate que|em (?:que|qual|quais)|de (?:quem|onde|que)|com (?:quem|que)|para quem|desde quando"
    "|devo|tenho|temos|alguem|ja"
)
_KNOW = (
    r"^(?:(?:can|could|would|will) you (?:please )?)?(?:tell|explain|show) ?(?:me|us)? (?:please )?"
    r"(?:what|who|when|where|why|which|how|if|whether)\b"
    r"|^(?:pode(?:ria)? |voce pode(?:ria)? |voces podem )?(?:(?:me )?(?:diga|diz|dizer|diga-me"
    r"|explica|explicar|explique)|me (?:conta|conte|contar))(?:-me| me)? (?:o que|qual|quais|quem|quando|onde|como|quant|por que|se )"
    r"|\b(?:want|like|need) to know\b|\bi wonder\b|\bany idea\b|\b(?:quero|queria|gostaria de|preciso) saber\b"
    r"|^(?:voce )?sabe\b|^do you know\b"
)
_RULES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^(?:{_ASK_EN})\b",
        rf"^(?:{_ASK_PT})\b",
        r"\?\s*$",
        _KNOW,
        r"^(?:can|could|would|will) (?:you|u|we)\b(?! (?:tell|explain|say))",
        r"^(?:can|could|may|might) (?:i|we) (?:please |just |also )?(?:get|have|borrow|see|order|ask|request|grab|book)\b",
        r"^(?:voce |voces )?(?:pode|poderia|podem|poderiam|consegue|da p[a-z]+)\b(?! (?:me )?(?:dizer|explicar))",
        r"^would you mind|^(?:voce )?se importa",
        r"\bplease\b|\bkindly\b|\bpor favor\b|^favor\b",
        r"^(?:do not|don'?t|never|avoid|refrain|stay away|no need|nunca|jamais|evite)\b|^nao [a-z]+(?:e|a|am|em|que)\b",
        (
            r"^(?!is |are |was |were |can |may |do |does |should |must |e |what|why|who|which|when|if )"
            r".*\b(?:not (?:allowed|permitted)|prohibited|forbidden|(?:should|must|may|can|shall)(?: not|n't)|cannot)\b"
        ),
        r"^(?:e )?proibid[oa]\b|^nao e permitid|^voce nao (?:pode|deve)",
        r"^(?:can|could|may|should|do|must|am) i\b(?! (?:please |just |also )?(?:get|have|borrow))",
        r"^(?:posso|preciso|devo|tenho|podemos|precisamos)\b(?! que| pegar)",
        r"^(?:can|could|will) (?!you|u\b|we\b|i\b)",
        (
            r"^(?:[oa]s?|um|uma|nos|eu|el[ea]s?|alguem|voces?(?! (?:nao|pode|poderia|consegue|se )))"
            r" (?!copy|list|favor)"
        ),
        r"^(?:tem|existe|existem|ha|houve|temos|tenho|preciso|vai|vao|estou|esta|estao|sou|somos) ",
        r"^do (?!not\b|the\b|an?\b|your\b|my\b|it\b|this\b|that\b|some\b|me\b|exactly\b)",
        (
            r"^(?:if|when|se|quando|caso)\b.*,? (?:is|are|do|does|would|could|can|should|will|was)"
            r" (?:it|they|you|he|she|i|we|the|there|that|this|a)\b"
        ),
        r"^(?:i|i'd|we) (?:want|need|would like|like) (?:you|to (?!know))|^(?:quero|gostaria|preciso) (?:que|de (?!saber)|reservar)",
        r"^(?:me )?[a-z]{2,}(?:e|a)(?:-me|-se)? (?:o|a|os|as|um|uma|todos|todas|meu|minha|este|esta|isso|tudo)\b",
    )
)


class IntentClassifier:
    """How likely a sentence asks for something to be done, rather than to be told something."""

    def __init__(self, cache_dir: Path | None) -> None:
        self._cache_dir = cache_dir
        self._weights: array[float] | None = None

    def probability_of_task(self, sentence: str) -> float:
        """0 to 1. Learns the weights where they are not in the cache yet (well under a second)."""
        if self._weights is None:
            self._weights = self._load() or self._learn()
        score = sum(self._weights[slot] * value for slot, value in features(sentence).items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))

    def type_of(self, sentence: str) -> ReplyType:
        """The likelier of the two."""
        likely = self.probability_of_task(sentence) >= 0.5
        return ReplyType.TASK if likely else ReplyType.ANSWER

    def _file(self) -> Path | None:
        return self._cache_dir / f"intent-{_fingerprint()}.f64" if self._cache_dir else None

    def _load(self) -> "array[float] | None":
        file = self._file()
        weights = array("d")
        try:
            weights.frombytes(file.read_bytes() if file else b"")
        except (OSError, ValueError):
            return None
        whole = len(weights) == SLOTS and all(map(math.isfinite, weights))
        return weights if whole else None

    def _learn(self) -> "array[float]":
        weights = learn()
        file = self._file()
        if file is not None:
            # A cache that cannot be written costs time at the next start, nothing else.
            with suppress(OSError):
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                draft = file.with_name(f"{file.name}.{os.getpid()}")
                draft.write_bytes(weights.tobytes())
                draft.replace(file)
        return weights


@cache
def sentences() -> tuple[tuple[str, bool], ...]:
    """What is learned from: each sentence and whether it is a task."""
    return tuple(
        (text, label == "task")
        for label, _, text in (line.partition("\t") for line in _table().splitlines())
    )


def features(sentence: str) -> dict[int, float]:
    """Slots and their values: n-grams of unit length together, rules of a weight of their own."""
    text = " ".join(language.fold(sentence.replace("’", "'"))[:_LONGEST].split())
    found = Counter(_grams(text))
    norm = math.sqrt(sum(count * count for count in found.values())) or 1.0
    values: dict[int, float] = {SLOTS - 1: 1.0}
    for gram, count in found.items():
        slot = zlib.crc32(gram.encode("utf-8", "replace")) % (SLOTS - 1)
        values[slot] = values.get(slot, 0.0) + count / norm
    for n, rule in enumerate(_RULES):
        if rule.search(text):
            slot = zlib.crc32(f"rule {n}".encode()) % (SLOTS - 1)
            values[slot] = values.get(slot, 0.0) + _RULE_WEIGHT
    return values


def learn() -> "array[float]":
    """Ridge logistic regression by Newton's method over the sentences: the same weights each time."""
    import numpy as np

    table = np.zeros((len(sentences()), SLOTS))
    for row, (text, _) in enumerate(sentences()):
        for slot, value in features(text).items():
            table[row, slot] = value
    wanted = np.array([task for _, task in sentences()], dtype=float)
    # Fewer sentences than slots: solved among the sentences, where the system is small.
    gram = table @ table.T
    dual: Any = np.zeros(len(wanted))
    ridge = _RIDGE
    for _ in range(_STEPS):
        guess = 1.0 / (1.0 + np.exp(-(gram @ dual)))
        spread = np.maximum(guess * (1.0 - guess), 1e-6)
        target = gram @ dual + (wanted - guess) / spread
        dual = np.linalg.solve(gram + ridge * np.diag(1.0 / spread), target)
    return array("d", (table.T @ dual).tolist())


def _grams(text: str) -> list[str]:
    padded = f"^{text}$"
    begin = padded[:_BEGINNING]
    words = text.split()[:4]
    grams = [padded[at : at + n] for n in (3, 4, 5) for at in range(len(padded) - n + 1)]
    grams += [f"^{begin[1 : 1 + n]}" for n in range(2, 12)] * 2
    grams += [f"{n}:{' '.join(words[:n])}" for n in range(1, len(words) + 1)] * 2
    return grams


def _table() -> str:
    folder = resources.files("daemon.reasoner").joinpath("sentences")
    return "\n".join(
        folder.joinpath(f"{name}.tsv").read_text(encoding="utf-8").strip() for name in ("en", "pt")
    )


@cache
def _fingerprint() -> str:
    rules = "\n".join(rule.pattern for rule in _RULES)
    knobs = f"{_VERSION} {SLOTS} {_RIDGE} {_RULE_WEIGHT} {_STEPS} {_BEGINNING}"
    return hashlib.sha256(f"{knobs}\n{rules}\n{_table()}".encode()).hexdigest()[:16]
