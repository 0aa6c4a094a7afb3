"""The schema that editors get says what the parser says."""

import dataclasses
import json
import tomllib
import typing
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.model.decode import decode
from firmward.model.errors import InputError
from firmward.model.policy import Policy
from firmward.model.policy_words import WORDS
from firmward.model.schema import policy_schema

PROJECT = Path(__file__).parents[2]
SCHEMA = policy_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
POLICIES = sorted((PROJECT / "examples").rglob("device*.toml"))


def keys(shape: type, place: str = "") -> Iterator[str]:
    hints = typing.get_type_hints(shape)
    for field in dataclasses.fields(shape):
        name = f"{place}{field.metadata.get('key', field.name)}"
        yield name
        for inner in (hints[field.name], *typing.get_args(hints[field.name])):
            if isinstance(inner, type) and dataclasses.is_dataclass(inner):
                yield from keys(inner, f"{name}.")


def as_json(value: object) -> object:
    return json.loads(json.dumps(value, default=date.isoformat))


def parses(table: object) -> bool:
    try:
        decode(Policy, table, "")
    except InputError:
        return False
    return True


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_every_key_has_a_sentence_and_no_sentence_is_left_over() -> None:
    assert set(WORDS) == set(keys(Policy))
    assert all(sentence[0].isalpha() and sentence.endswith((".", "1.")) for sentence in WORDS.values())


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.parent.name)
def test_the_examples_fit(path: Path) -> None:
    VALIDATOR.validate(as_json(tomllib.loads(path.read_text(encoding="utf-8"))))


TEXTS = st.sampled_from(["", "x", "lan", "tcp", "udp", "local-only", "code-review", "arm64", "rauc", "off", "none"])
SCALARS = st.one_of(
    TEXTS,
    st.booleans(),
    st.sampled_from([-1, 0, 1, 22, 4094, 4095, 65535, 65536]),
    st.just(2.5),
)
"""No date: where a text is wanted, JSON cannot tell it from one."""
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2), max_leaves=3)


def valid(hint: object, metadata: typing.Mapping[str, typing.Any]) -> st.SearchStrategy[object]:
    """What the parser takes for one key."""
    options = [one for one in typing.get_args(hint) if one is not type(None)]
    if typing.get_origin(hint) is tuple:
        return st.lists(valid(options[0], metadata), max_size=2)
    if options:
        return valid(options[0], metadata)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return tables(hint)
    if "example" in metadata:
        return st.just(metadata["example"])
    if "choices" in metadata:
        return st.sampled_from(metadata["choices"])
    if "bounds" in metadata:
        return st.integers(*metadata["bounds"])
    return {str: TEXTS, int: st.integers(0, 9), bool: st.booleans(), date: st.dates()}[typing.cast(type, hint)]


def tables(shape: type) -> st.SearchStrategy[object]:
    """Tables of this shape, valid ones mostly: now and then a key is missing, unknown or holds something else."""
    hints = typing.get_type_hints(shape)
    named = {field.metadata.get("key", field.name): field for field in dataclasses.fields(shape)}
    good = {key: valid(hints[field.name], field.metadata) for key, field in named.items()}
    required = {key: good[key] for key, field in named.items() if field.default is dataclasses.MISSING}
    rest = {key: good[key] for key in named if key not in required}
    whole = st.fixed_dictionaries(required, optional=rest)
    spoilt = st.tuples(whole, st.dictionaries(st.sampled_from([*named, "other"]), ANYTHING, max_size=1)).map(
        lambda pair: {**pair[0], **pair[1]}
    )
    return st.one_of(whole, whole, spoilt)


@settings(max_examples=300, deadline=None)
@given(tables(Policy))
def test_the_schema_takes_what_the_parser_takes_and_nothing_else(table: dict[str, object]) -> None:
    if table.get("schema", 1) != 1:  # refused before it is decoded
        assert not VALIDATOR.is_valid(as_json(table))
        return
    assert VALIDATOR.is_valid(as_json(table)) is parses(table)
