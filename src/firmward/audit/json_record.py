"""Frozen records to plain JSON values and back: the shape is written once, in the dataclass.

Enumerations are their lower-case values, a day is 2031-06-30, a union of records is an object with the `kind` of the
record. Reading back ignores keys it does not know, since later versions add some, and refuses wrong types with their
place.
"""

import contextlib
import dataclasses
import re
import types
import typing
from datetime import date
from enum import Enum
from functools import cache
from typing import TypeVar, cast

from firmward.model.errors import InputError
from firmward.model.kind import kind

T = TypeVar("T")

WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def to_json(value: object) -> object:
    """A record as objects, lists and scalars."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def to_kinds(records: tuple[object, ...]) -> list[object]:
    """Records of several shapes, each as an object with its kind."""
    return [{"kind": kind(type(record))} | cast("dict[str, object]", to_json(record)) for record in records]


def from_json(shape: type[T], value: object, place: str) -> T:
    """Read a record back. Raises InputError."""
    if not isinstance(value, dict):
        raise InputError(f"{place}: expected an object")
    values: dict[str, object] = {}
    for name, hint, required in _fields(cast(type, shape)):
        if name in value:
            values[name] = _value(hint, value[name], f"{place}.{name}")
        elif required:
            raise InputError(f"{place}.{name}: is required")
    return shape(**values)


@cache
def _fields(shape: type) -> tuple[tuple[str, object, bool], ...]:
    hints = typing.get_type_hints(shape)
    missing = dataclasses.MISSING
    return tuple(
        (field.name, hints[field.name], field.default is missing and field.default_factory is missing)
        for field in dataclasses.fields(shape)
    )


def _value(hint: object, value: object, place: str) -> object:
    if isinstance(hint, types.UnionType):
        return _union(typing.get_args(hint), value, place)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise InputError(f"{place}: expected a list")
        inner = typing.get_args(hint)[0]
        return tuple(_value(inner, item, f"{place}[{index}]") for index, item in enumerate(value))
    if dataclasses.is_dataclass(hint):
        return from_json(cast("type[object]", hint), value, place)
    return _scalar(cast(type, hint), value, place)


def _union(options: tuple[type, ...], value: object, place: str) -> object:
    if value is None and type(None) in options:
        return None
    present = [option for option in options if option is not type(None)]
    if len(present) == 1:
        return _value(present[0], value, place)
    wanted = value.get("kind") if isinstance(value, dict) else None
    for option in present:
        if kind(option) == wanted:
            return from_json(option, value, place)
    raise InputError(f"{place}.kind: {wanted!r} is not known (one of: {', '.join(map(kind, present))})"[:400])


def _scalar(hint: type, value: object, place: str) -> object:
    if issubclass(hint, Enum):
        choices = [member.value for member in hint]
        if value not in choices:
            raise InputError(f"{place}: {value!r} is not one of {', '.join(choices)}"[:300])
        return hint(value)
    if hint is date:
        return _day(value, place)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):  # JSON writes 8.0 as 8 at times
        return value
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise InputError(f"{place}: expected {WORDS[hint]}, not {value!r}"[:300])
    return value


def _day(value: object, place: str) -> date:
    if isinstance(value, str) and DAY.fullmatch(value):
        with contextlib.suppress(ValueError):  # the 30th of February
            return date.fromisoformat(value)
    raise InputError(f"{place}: expected a day such as 2031-06-30, not {value!r}"[:300])
