"""Frames of AWS: each is a length, headers and a payload, with checksums.

Source: `vnd.amazon.eventstream`, as Amazon's Smithy specification has it ("Amazon Event Stream").
"""

import json
import struct
import zlib
from typing import Final

from highroad.testing.wire.dialect import Framing, Sent

_STRING: Final = 7
"""The kind of a header's value."""
_FRAME: Final = 16
"""Bytes of a frame besides headers and payload: two lengths, two checksums."""
_EXCEPTION: Final = "Exception"
"""How the names of errors end."""


def _written(sent: Sent) -> bytes:
    name = sent.name or ""
    headers = b"".join(_header(key, value) for key, value in _headers(name).items())
    payload = json.dumps(sent.data).encode()
    lengths = struct.pack("!II", _FRAME + len(headers) + len(payload), len(headers))
    prelude = lengths + _checksum(lengths)
    message = prelude + headers + payload
    return message + _checksum(message)


def _headers(name: str) -> dict[str, str]:
    kind = "exception" if name.endswith(_EXCEPTION) else "event"
    return {
        f":{kind}-type": name,
        ":content-type": "application/json",
        ":message-type": kind,
    }


def _header(name: str, text: str) -> bytes:
    given, content = name.encode(), text.encode()
    return (
        struct.pack("!B", len(given)) + given + struct.pack("!BH", _STRING, len(content)) + content
    )


def _checksum(data: bytes) -> bytes:
    return struct.pack("!I", zlib.crc32(data))


EVENT_STREAM: Final = Framing(media_type="application/vnd.amazon.eventstream", written=_written)
"""Binary frames."""
