"""The policy's JSON Schema (draft 07), from the dataclasses that decode it, so that editors know what the parser knows.

A date is a string here, as JSON has none: editors hand TOML's dates over as strings. So a date without quotes where a
text is wanted passes here, and a quoted one where a date is wanted: the parser refuses both.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import date

from firmward.model.policy import SCHEMA, Policy
from firmward.model.policy_words import WORDS

TITLE = "firmward's policy, device.toml"
TYPES: Mapping[type, Mapping[str, object]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
}


def policy_schema() -> dict[str, object]:
    """The whole schema, ready for JSON."""
    made = _table(Policy, "")
    properties = typing.cast("dict[str, dict[str, object]]", made["properties"])
    properties["schema"]["const"] = SCHEMA
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": TITLE, **made}


def _table(shape: type, place: str) -> dict[str, object]:
    hints = typing.get_type_hints(shape)
    properties: dict[str, object] = {}
    required = []
    for field in dataclasses.fields(shape):
        key = str(field.metadata.get("key", field.name))
        properties[key] = _property(hints[field.name], field, f"{place}{key}")
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(key)
    made: dict[str, object] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, "required": required} if required else made


def _property(hint: object, field: "dataclasses.Field[object]", name: str) -> dict[str, object]:
    if isinstance(hint, types.UnionType):
        hint = next(option for option in typing.get_args(hint) if option is not type(None))
    about = {"description": WORDS[name]} if name in WORDS else {}
    if typing.get_origin(hint) is tuple:
        return {**about, "type": "array", "items": _value(typing.get_args(hint)[0], field, name)}
    made = {**about, **_value(hint, field, name)}
    if isinstance(field.default, bool | int | str) and field.default != "":
        made["default"] = field.default
    return made


def _value(hint: object, field: "dataclasses.Field[object]", name: str) -> dict[str, object]:
    if dataclasses.is_dataclass(hint):
        return _table(typing.cast(type, hint), f"{name}.")
    made = dict(TYPES[typing.cast(type, hint)])
    choices = typing.cast("tuple[str, ...] | None", field.metadata.get("choices"))
    bounds = typing.cast("tuple[int, int] | None", field.metadata.get("bounds"))
    if choices:
        made["enum"] = list(choices)
    if "pattern" in field.metadata:
        made["pattern"] = f"^(?:{field.metadata['pattern']})$"
    if bounds:
        made["minimum"], made["maximum"] = bounds
    return made
