"""U-Boot's environment as it lies in flash (include/env_internal.h): a checksum, then `name=value` strings. Whoever
writes to the flash decides what starts."""

import zlib
from collections.abc import Mapping

from firmward.model.errors import InputError


def environment(variables: Mapping[str, str], size: int) -> bytes:
    """The form without a second copy, in little endian."""
    strings = b"".join(f"{name}={value}".encode() + b"\0" for name, value in variables.items()) + b"\0"
    if len(strings) > size - 4:
        raise InputError(f"an environment of {len(strings)} bytes, where {size - 4} are kept")
    body = strings.ljust(size - 4, b"\0")
    return zlib.crc32(body).to_bytes(4, "little") + body
