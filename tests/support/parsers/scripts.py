"""Headers of init scripts, as packages have them."""

from collections.abc import Iterator
from pathlib import Path

from firmward.formats import lsb_header
from parsers import Parser

HEADERS = (
    "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: web www\n# Required-Start: $remote_fs\n### END INIT INFO\n:\n",
    "### BEGIN INIT INFO\n#Provides: a\n# Description: first\n#  more: of it\n### END INIT INFO\n",
    "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: never ends\n",
)


def headers(_: Path) -> Iterator[bytes]:
    return (one.encode() for one in HEADERS)


def ask_header(data: bytes) -> None:
    lsb_header.parse(data.decode("utf-8", "surrogateescape"))


PARSERS = (Parser("lsb_header", ("lsb_header",), headers, ask_header),)
