"""A table of parsed JSON, read field by field: each with its kind and its bounds, and its place in the message."""

import re
from collections.abc import Iterator

from firmward.formats.canonical_json import Json
from firmward.formats.malformed import Malformed

TEXT_LIMIT = 4096
"""Characters of a text, where no other bound is given."""
_HEXADECIMAL = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)


class Table:
    """Reads fields of a JSON table. Every method raises Malformed for a field that is missing or of another kind."""

    __slots__ = ("_fields", "_place")

    def __init__(self, value: Json, place: str) -> None:
        if not isinstance(value, dict):
            raise Malformed(f"{place} is no table")
        self._fields = value
        self._place = place

    @property
    def value(self) -> Json:
        return self._fields

    def __contains__(self, key: str) -> bool:
        return key in self._fields

    def is_null(self, key: str) -> bool:
        """Left out, or null."""
        return self._fields.get(key) is None

    def text(self, key: str, limit: int = TEXT_LIMIT) -> str:
        value = self._fields.get(key)
        if not isinstance(value, str):
            raise Malformed(f"{self._at(key)} is no text")
        if len(value) > limit:
            raise Malformed(f"{self._at(key)} has more than {limit} characters")
        return value

    def hexadecimal(self, key: str, digits: int | None = None) -> str:
        """Lower case, in whole bytes; of so many digits."""
        value = self.text(key)
        if not _HEXADECIMAL.fullmatch(value) or len(value) != (digits or len(value)):
            raise Malformed(f"{self._at(key)} is no hexadecimal number{f' of {digits} digits' if digits else ''}")
        return value

    def whole(self, key: str, least: int = 0, most: int = 2**63 - 1) -> int:
        value = self._fields.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Malformed(f"{self._at(key)} is no whole number")
        if not least <= value <= most:
            raise Malformed(f"{self._at(key)} is not between {least} and {most}")
        return value

    def flag(self, key: str) -> bool:
        value = self._fields.get(key)
        if not isinstance(value, bool):
            raise Malformed(f"{self._at(key)} is neither true nor false")
        return value

    def table(self, key: str) -> "Table":
        return Table(self._fields.get(key), self._at(key))

    def tables(self, key: str, limit: int) -> Iterator["Table"]:
        for place, one in enumerate(self._list(key, limit)):
            yield Table(one, f"{self._at(key)}[{place}]")

    def texts(self, key: str, limit: int) -> tuple[str, ...]:
        values = self._list(key, limit)
        if any(not isinstance(one, str) or len(one) > TEXT_LIMIT for one in values):
            raise Malformed(f"{self._at(key)} has more than texts")
        return tuple(str(one) for one in values)

    def items(self, limit: int) -> Iterator[tuple[str, "Table"]]:
        """All fields, each a table."""
        if len(self._fields) > limit:
            raise Malformed(f"{self._place} has more than {limit} entries")
        for key, value in self._fields.items():
            yield key, Table(value, self._at(key))

    def keys(self) -> frozenset[str]:
        return frozenset(self._fields)

    def allow(self, *known: str) -> None:
        """Raises Malformed where there is any other field."""
        for key in self._fields:
            if key not in known:
                raise Malformed(f"{self._at(key)} is not known")

    def _list(self, key: str, limit: int) -> list[Json]:
        value = self._fields.get(key)
        if not isinstance(value, list):
            raise Malformed(f"{self._at(key)} is no list")
        if len(value) > limit:
            raise Malformed(f"{self._at(key)} has more than {limit} entries")
        return value

    def _at(self, key: str) -> str:
        return f"{self._place}.{key[:80]}"
