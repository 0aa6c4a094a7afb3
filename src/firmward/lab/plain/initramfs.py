"""The twin's initramfs: the build's own, with one program more behind it.

The kernel unpacks archives that follow each other into one tree (driver-api/early-userspace/buffer-format), each
compressed or not, and starts what `rdinit=` names. So nothing has to be unpacked here, whatever it is compressed with.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

NAME = "firmward-plain"
"""What `rdinit=` names; the /init of the build stays beside it, unused."""
PROMPT = "lab:$PWD# "
PROGRAM = 0o100755
ALIGN = 4


@dataclass(frozen=True, slots=True)
class Start:
    """What the program goes by. `console` is the serial line's device, to which a root shell comes with `shell`."""

    layout: str
    health: tuple[str, ...]
    console: str
    shell: bool


def script(start: Start) -> str:
    words = {
        # the layout's own name is a word of what verifies, and nothing does here
        "@ROOT@": "memory" if start.layout == "initramfs" else "disk",
        "@HEALTH@": _nested(_all(start.health)),
        "@PROMPT@": _nested(shlex.quote(PROMPT)),
        "@SHELL@": "yes" if start.shell else "no",
        "@CONSOLE@": start.console,
    }
    text = files("firmward.lab.plain").joinpath("init.sh").read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _all(commands: Sequence[str]) -> str:
    return " && ".join(f"sh -c {shlex.quote(command)}" for command in commands) or ":"


def _nested(text: str) -> str:
    """For a place between the single quotes of the script."""
    return text.replace("'", "'\"'\"'")


def with_program(archive: bytes, content: bytes, name: str = NAME) -> bytes:
    # the kernel looks for the next archive at a multiple of four bytes, and passes zeros over
    return _padded(archive) + _member(1, name, PROGRAM, content) + _member(0, "TRAILER!!!", 0, b"")


def _member(number: int, name: str, mode: int, content: bytes) -> bytes:
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
    return _padded(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGN)
