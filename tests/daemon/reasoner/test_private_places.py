"""Where something private was found is kept from a remote model as what was found is."""

from daemon.protocol.values import SourceName
from daemon.reasoner import ContextPiece, DecisionRequest, budget

OPEN = ContextPiece(1, SourceName.DOCUMENTS, "Handbook", "leave.md", "Thirty days.")
PRIVATE = ContextPiece(
    2,
    SourceName.DATABASE,
    "clinic.patient",
    "clinic.patient: SELECT name FROM patient WHERE illness = 'flu'",
    "1 rows\n\n| name |\n| --- |\n| Ana |",
    private=True,
)
REQUEST = DecisionRequest(
    "Who has the flu?",
    "en",
    (OPEN, PRIVATE),
    found=f"DOCUMENTS: {OPEN.location}\nDATABASE: {PRIVATE.location}",
)


def test_a_remote_model_is_not_told_where_something_private_was_found() -> None:
    sent = budget.fit(REQUEST, 10_000, "gemini", remote=True).request
    assert (sent.pieces, sent.found) == ((OPEN,), "DOCUMENTS: leave.md")


def test_a_server_on_this_machine_is_told_everything() -> None:
    sent = budget.fit(REQUEST, 10_000, "ollama", remote=False).request
    assert (len(sent.pieces), sent.found) == (2, REQUEST.found)
