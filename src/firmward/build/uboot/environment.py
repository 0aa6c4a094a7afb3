"""U-Boot's default environment: the boot script of `boot.env`, with the addresses of a board and the console's words.

The rules this file holds:

- The environment is one `name=value` a line (scripts of U-Boot 2023.01, CONFIG_DEFAULT_ENV_FILE). A value is one line.
- The types of what is imported from the disk are compiled in (CONFIG_ENV_FLAGS_LIST_STATIC, env/flags.c): of a `.flags`
  variable only the first 32 bytes would be known to a variable that is made later.
"""

import re
from collections.abc import Iterator
from importlib.resources import files

from firmward.build.board import Board

BLOCK = 512
TYPES = {
    **dict.fromkeys(("seq", "active", "last", "good"), "x"),
    **dict.fromkeys(("a_left", "b_left", "index"), "d"),
    **dict.fromkeys(("a_good", "b_good"), "b"),
}
"""Hexadecimal (`a` and `b` are digits of it), decimal, boolean: no byte that hush knows as more than a letter."""
SECOND, REQUEST, NEW = 0x1000, 0x2000, 0x4000
"""Places in the scratch memory: the state's second copy and the request lie as on the disk."""
IN_PLACE = "f" * 16
"""For fdt_high and initrd_high: neither is moved from where the FIT says."""
NAME = re.compile(r"[a-z]\w*=")


def types() -> str:
    """The value of CONFIG_ENV_FLAGS_LIST_STATIC."""
    return ",".join(f"{name}:{kind}" for name, kind in TYPES.items())


def environment(board: Board, console: str) -> str:
    """The default environment, one variable a line. `console` is the policy's word: `off` or `output-only`."""
    variables = {**_addresses(board), **_streams(console), **script()}
    return "".join(f"{name}={value}\n" for name, value in variables.items())


def script() -> dict[str, str]:
    """The boot script's variables."""
    text = files("firmward.build.uboot").joinpath("boot.env").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in _lines(text):
        if NAME.fullmatch(line):
            found[line.removesuffix("=")] = []
        else:
            found[next(reversed(found))].append(line.strip())
    return {name: " ".join(lines) for name, lines in found.items()}


def _lines(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _addresses(board: Board) -> dict[str, str]:
    place = board.addresses
    return {
        "fit": f"{place.fit:x}",
        "fit_blocks": f"{place.fit_limit // BLOCK:x}",
        "floor": f"{place.floor:x}",
        "scratch": f"{place.scratch:x}",
        "scratch_second": f"{place.scratch + SECOND:x}",
        "scratch_request": f"{place.scratch + REQUEST:x}",
        "scratch_new": f"{place.scratch + NEW:x}",
        "fdt_high": IN_PLACE,
        "initrd_high": IN_PLACE,
    }


def _streams(console: str) -> dict[str, str]:
    streams = {"stdin": "nulldev", "stdout": "serial", "stderr": "serial"}
    return streams if console == "output-only" else {**streams, "silent": "1", "mute": "1"}
