"""A question of two questions: “When does the lease end and who is the owner?”"""

import re
from typing import Final

from daemon.index import language

_ASKING: Final = (
    r"(?:who|whom|whose|when|where|how|what|which|why|quem|quando|onde|aonde|como|quais|qual"
    r"|quant[oa]s?|por que|o que|em que|a que)"
)
_FIRST: Final = re.compile(rf"^(?:[\w-]+ ){{0,2}}{_ASKING}\b")
_BETWEEN: Final = re.compile(rf",? (?:and|e) (?={_ASKING}\b)")

_NAMES: Final = re.compile(
    r"\b(?:the|an?|my|our|[oa]s?|uma?|meus?|minhas?|noss[oa]s?) (?!que\b|qua)\w{3}"
)


def of(question: str) -> tuple[str, ...]:
    """Each by itself, as it is written; the question alone where it is one."""
    folded = language.fold(question)
    cuts = list(_BETWEEN.finditer(folded))
    # Folding may change how long a text is; then nothing says where to cut.
    if not cuts or len(folded) != len(question) or not _FIRST.search(folded[: cuts[0].start()]):
        return (question,)
    begins = [0, *(cut.end() for cut in cuts)]
    ends = [*(cut.start() for cut in cuts), len(question)]
    parts = [question[begin:end] for begin, end in zip(begins, ends, strict=True)]
    return (*(f"{part}?" for part in parts[:-1]), parts[-1])


def names_its_own(part: str) -> bool:
    """“Who is the owner?” says what it is about; “when does it begin?” leaves that to what is before."""
    return _NAMES.search(language.fold(part)) is not None
