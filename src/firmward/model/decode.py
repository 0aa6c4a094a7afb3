"""A frozen dataclass from a mapping: the shape is written once, in the dataclass.

Unknown keys are refused with the nearest known one, wrong types with what was expected, each with its place
(`listen[2].port`). Field metadata: `key` for a name that Python reserves, `choices` for an enumeration of words,
`many` for an array of tables, `pattern` for the form of a text, with an `example` of it.
"""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Hashable, Mapping
from datetime import date, datetime
from functools import cache
from typing import TypeVar, cast

from firmward.model.errors import InputError

T = TypeVar("T")

WORDS = {str: "a text", int: "a whole number", bool: "true or false", date: "a date such as 2031-06-30"}


def decode(shape: type[T], table: object, place: str) -> T:
    """Build `shape` from a parsed TOML or JSON table. Raises InputError."""
    if not isinstance(table, Mapping):
        raise InputError(f"{place}: expected a table")
    fields = {_key(field): field for field in dataclasses.fields(shape)}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            raise InputError(f"{_join(place, str(key))}: unknown key{_nearest(str(key), fields)}")
    hints = _hints(cast(Hashable, shape))
    values: dict[str, object] = {}
    for key, field in fields.items():
        if key in table:
            values[field.name] = _value(hints[field.name], table[key], _join(place, key), field.metadata)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise InputError(f"{_join(place, key)}: is required")
    return shape(**values)


@cache
def _hints(shape: Hashable) -> Mapping[str, object]:
    """Resolving the names of annotations costs more than all else here."""
    return typing.get_type_hints(shape)


def _key(field: "dataclasses.Field[object]") -> str:
    return cast(str, field.metadata.get("key", field.name))


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _nearest(key: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f", did you mean {close[0]}?" if close else f" (known: {', '.join(sorted(known))})"


def _value(hint: object, value: object, place: str, metadata: Mapping[str, object]) -> object:
    if isinstance(hint, types.UnionType):
        hint = next(option for option in typing.get_args(hint) if option is not type(None))
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise InputError(f"{place}: expected a list")
        inner = typing.get_args(hint)[0]
        return tuple(_value(inner, item, f"{place}[{index}]", metadata) for index, item in enumerate(value, 1))
    if dataclasses.is_dataclass(hint):
        return decode(cast(type[object], hint), value, place)
    return _scalar(cast(type, hint), value, place, metadata)


def _scalar(hint: type, value: object, place: str, metadata: Mapping[str, object]) -> object:
    fits = isinstance(value, hint) and not (hint is int and isinstance(value, bool))
    if not fits or (hint is date and isinstance(value, datetime)):
        raise InputError(f"{place}: expected {WORDS[hint]}, not {value!r}"[:300])
    choices = cast("tuple[str, ...] | None", metadata.get("choices"))
    if choices and value not in choices:
        close = difflib.get_close_matches(str(value), choices, n=1)
        hinted = f", did you mean {close[0]}?" if close else f" (one of: {', '.join(choices)})"
        raise InputError(f"{place}: {value!r} is not known{hinted}"[:300])
    pattern = cast("str | None", metadata.get("pattern"))
    if pattern is not None and not re.fullmatch(pattern, str(value)):
        raise InputError(f"{place}: {value!r} is not of the form {metadata['example']}"[:300])
    bounds = cast("tuple[int, int] | None", metadata.get("bounds"))
    if bounds and isinstance(value, int) and not bounds[0] <= value <= bounds[1]:
        raise InputError(f"{place}: {value} is not between {bounds[0]} and {bounds[1]}")
    return value
