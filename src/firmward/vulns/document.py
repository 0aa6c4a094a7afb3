"""JSON that anybody may have written, as values that a reader can go through: bounded before it is parsed.

What is not of the type that its format has for it is refused with its place, `components[3].name`. The parser of JSON
makes an object of some fifty bytes of every two characters of `[[],[]]`, so that signs are counted first.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from firmward.model.errors import InputError

SIZE_LIMIT = 64 << 20
"""Bytes of a document."""
VALUES_LIMIT = 8_000_000
"""Signs that begin another value. A bill of 100,000 components has some two million."""
LENGTH_LIMIT = 4000
"""Characters that are kept of one text."""

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class Node:
    """A `value` of a document, and its `place` for messages."""

    value: object
    place: str

    def fields(self) -> JsonObject:
        if not isinstance(self.value, dict):
            raise InputError(f"{self.place}: expected an object")
        return cast(JsonObject, self.value)

    def get(self, *names: str) -> "Node | None":
        """What stands below an object under this name, and below that under the next; None where nothing does."""
        found: Node = self
        for name in names:
            value = found.fields().get(name)
            if value is None:
                return None
            found = Node(value, f"{found.place}.{name}")
        return found

    def each(self, name: str) -> Iterator["Node"]:
        """What stands in the list under this name; nothing where there is none."""
        found = self.get(name)
        if found is None:
            return
        if not isinstance(found.value, list):
            raise InputError(f"{found.place}: expected a list")
        for index, value in enumerate(found.value):
            yield Node(value, f"{found.place}[{index}]")

    def text(self, *names: str) -> str:
        """The text under these names, empty where there is none."""
        found = self.get(*names)
        return "" if found is None else found.word()

    def word(self) -> str:
        """This value, which is a text."""
        if not isinstance(self.value, str):
            raise InputError(f"{self.place}: expected a text")
        return self.value[:LENGTH_LIMIT].encode("utf-8", "replace").decode("utf-8")

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(one.word() for one in self.each(name))


def decoded(data: bytes, name: str) -> str:
    """The text of a document. Raises InputError for what is too large, or no UTF-8."""
    if len(data) > SIZE_LIMIT:
        raise InputError(f"{name}: larger than {SIZE_LIMIT >> 20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is not UTF-8 at byte {error.start}") from error


def parsed(data: bytes, name: str) -> Node:
    """The object that a document is. Raises InputError."""
    text = decoded(data, name)
    if data.count(b"[") + data.count(b"{") + data.count(b",") > VALUES_LIMIT:
        raise InputError(f"{name}: has more than {VALUES_LIMIT} values")
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is not JSON: {error}"[:300]) from error
    if not isinstance(value, dict):
        raise InputError(f"{name}: expected an object")
    return Node(value, name)


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is no number of JSON")
