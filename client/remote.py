"""What the daemon says went wrong, as a person reads it, and what that means to a script."""

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_DENIED = 3
EXIT_WAITING = 4
EXIT_UNREACHABLE = 5
EXIT_INTERRUPTED = 130


class RemoteError(Exception):
    """An error with its sentence and what to do about it, in the person's language."""

    def __init__(
        self, code: int, name: str, message: str, action: str = "", blanks: object = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.name = name
        self.message = message
        self.action = action
        self.blanks = blanks if isinstance(blanks, dict) else {}

    @property
    def exit_status(self) -> int:
        if self.name == "DAEMON_UNREACHABLE":
            return EXIT_UNREACHABLE
        if self.name == "USAGE":
            return EXIT_USAGE
        return EXIT_FAILED


def from_wire(error: dict[str, object]) -> RemoteError:
    """The error of a JSON-RPC reply; one without our data keeps its own message."""
    data = error.get("data")
    data = data if isinstance(data, dict) else {}
    code = error.get("code")
    return RemoteError(
        code if isinstance(code, int) else 0,
        str(data.get("name", "")),
        str(error.get("message", "")),
        str(data.get("action", "")),
        {name: value for name, value in data.items() if name not in ("name", "action")},
    )
