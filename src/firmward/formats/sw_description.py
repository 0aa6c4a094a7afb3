"""SWUpdate's `sw-description`: what an update bundle holds and where each image goes.

Pure: text to records. It is libconfig or JSON. Images stand in the lists `images`, `files` and `scripts`, at any depth:
below the board's name, the software set and its mode (`software.board.stable.copy1.images`). The same file may be named
for both copies of a system.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmward.formats import libconfig
from firmward.formats.malformed import Malformed

LISTS = ("images", "files", "scripts")

VALUES_LIMIT = 100_000
"""Values looked at; a description has some hundred."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image. `filename` is its member's name; `sha256` (in hexadecimal) is of the member as it is stored."""

    filename: str
    section: str
    type: str | None
    device: str | None
    volume: str | None
    sha256: str | None
    compressed: bool
    encrypted: bool


def parse(text: str) -> tuple[Image, ...]:
    """Every image named, in order. Raises Malformed."""
    return tuple(_images(_settings(text)))


def _settings(text: str) -> object:
    if not text.lstrip().startswith("{"):
        return libconfig.parse(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"no JSON: {error}") from None


def _images(settings: object) -> Iterator[Image]:
    pending: list[tuple[str, object]] = [("", settings)]
    for _ in range(VALUES_LIMIT):
        if not pending:
            return
        section, value = pending.pop()
        if isinstance(value, Mapping):
            if section in LISTS and isinstance(value.get("filename"), str):
                yield _image(section, value)
            else:
                pending.extend(reversed([(str(name), below) for name, below in value.items()]))
        elif isinstance(value, list):
            pending.extend((section, below) for below in reversed(value))


def _image(section: str, value: Mapping[str, object]) -> Image:
    compressed = value.get("compressed")
    digest = _text(value, "sha256")
    return Image(
        str(value["filename"]),
        section,
        _text(value, "type"),
        _text(value, "device"),
        _text(value, "volume"),
        digest.lower() if digest else None,
        compressed is True or isinstance(compressed, str),
        value.get("encrypted") is True or isinstance(value.get("encrypted"), str),
    )


def _text(value: Mapping[str, object], name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) else None
