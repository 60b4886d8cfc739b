"""The one clock of stored times."""

from datetime import UTC, datetime, timedelta

from daemon.protocol.values import Timestamp


def timestamp(at: datetime) -> Timestamp:
    """UTC, ISO 8601, milliseconds, Z: sorts as text."""
    return Timestamp(at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z")


def now() -> Timestamp:
    return timestamp(datetime.now(UTC))


def later(seconds: float) -> Timestamp:
    return timestamp(datetime.now(UTC) + timedelta(seconds=seconds))
