"""How a visit ends without an answer: the name of an error, and a reason in few words."""


class Refused(Exception):
    """`error`: one of the names of `daemon.protocol.errors`, which is too slow to import here."""

    def __init__(self, error: str, reason: str = "") -> None:
        super().__init__(error, reason)
        self.error = error
        self.reason = reason
