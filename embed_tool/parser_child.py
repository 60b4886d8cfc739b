"""The process that reads documents: it gets bytes, gives blocks, and can reach nothing else."""

import os
import sys
from typing import BinaryIO

from daemon.protocol import codec
from daemon.protocol.errors import (
    DOCUMENT_ENCRYPTED,
    DOCUMENT_TOO_LARGE,
    DOCUMENT_UNREADABLE,
)
from embed_tool.formats import Encrypted, TooLarge, Unreadable, extract
from embed_tool.sandbox import confine, limit_cpu
from embed_tool.wire import LENGTH, MAX_REPLY, Ready, Refusal, Reply, Request


def main() -> None:
    memory_bytes = int(sys.argv[1])
    requests, replies = sys.stdin.buffer, _private_output()
    guards = confine(memory_bytes)
    _send(replies, codec.encode(Ready(guards)))
    while len(prefix := requests.read(LENGTH.size)) == LENGTH.size:
        head, size = LENGTH.unpack(prefix)
        request = codec.decode(requests.read(head), Request)
        content = requests.read(size)
        limit_cpu(request.timeout_s)
        payload = codec.encode(_answer(request, content))
        if len(payload) > MAX_REPLY:
            refusal = Refusal(DOCUMENT_TOO_LARGE.name, limit=MAX_REPLY)
            payload = codec.encode(Reply(refusal=refusal))
        _send(replies, payload)


def _private_output() -> BinaryIO:
    """The pipe to the parent, moved away from descriptor 1: what a library prints is no reply."""
    pipe = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return os.fdopen(pipe, "wb")


def _answer(request: Request, content: bytes) -> Reply:
    try:
        return Reply(extract(request.kind, content, request.charset))
    except Encrypted:
        return Reply(refusal=Refusal(DOCUMENT_ENCRYPTED.name))
    except TooLarge as error:
        return Reply(refusal=Refusal(DOCUMENT_TOO_LARGE.name, limit=error.args[0]))
    except Unreadable as error:
        return Reply(refusal=Refusal(DOCUMENT_UNREADABLE.name, reason=str(error)))
    except MemoryError:
        # What is left of this process is not worth keeping; the parent starts another.
        os._exit(3)
    except Exception as error:  # noqa: BLE001  (any library may raise anything on a damaged file)
        reason = f"{type(error).__name__}: {error}"[:300]
        return Reply(refusal=Refusal(DOCUMENT_UNREADABLE.name, reason=reason))


def _send(replies: BinaryIO, payload: bytes) -> None:
    replies.write(LENGTH.pack(0, len(payload)))
    replies.write(payload)
    replies.flush()


if __name__ == "__main__":
    main()
