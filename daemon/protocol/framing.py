"""One JSON message a line, UTF-8, ended by a newline."""

from typing import Final

MAX_FRAME_BYTES: Final = 8 * 1024 * 1024
"""The longest line either side accepts, its newline included."""

NEWLINE: Final = b"\n"
