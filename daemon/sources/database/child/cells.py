"""What a cell is outside its database: bytes are described, long texts cut, both saying so."""

CHARACTERS = 20_000
"""Of one cell; what is beyond is counted."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    Raw = str | int | float | bytes | None
    Cell = str | int | float | None


def cell(value: "Raw") -> "Cell":
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, str) and len(value) > CHARACTERS:
        return f"{value[:CHARACTERS]}… <{len(value)} characters>"
    # JSON has no word for them, and a missing value is something else.
    if value in (float("inf"), float("-inf")):
        return "Inf" if value == float("inf") else "-Inf"
    return value
