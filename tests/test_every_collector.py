"""Every fact family: an empty system gives None or unknown, never a value, and every field has a sentence."""

import ast
import dataclasses
import inspect
import pkgutil
import typing
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from types import ModuleType

import pytest

from firmward import facts
from firmward.facts.collection import Collection
from firmward.model.facts import Unknown
from firmward.model.memory import MemoryTree


def modules() -> Iterator[ModuleType]:
    for file in pkgutil.iter_modules(facts.__path__):
        module = import_module(f"{facts.__name__}.{file.name}")
        if hasattr(module, "collect"):
            yield module


def records(module: ModuleType) -> Iterator[type]:
    """Its own dataclasses; one with an underscore is a tool of the module and no fact."""
    for name, member in inspect.getmembers(module, inspect.isclass):
        is_own = member.__module__ == module.__name__ and not name.startswith("_")
        if is_own and dataclasses.is_dataclass(member):
            yield member


MODULES = [pytest.param(module, id=module.__name__.rpartition(".")[2]) for module in modules()]
RECORDS = [
    pytest.param(record, id=f"{record.__module__.rpartition('.')[2]}.{record.__name__}")
    for module in modules()
    for record in records(module)
]


@pytest.mark.parametrize("module", MODULES)
def test_an_empty_system_shows_nothing(module: ModuleType) -> None:
    returned = typing.get_type_hints(module.collect)["return"]
    family = next(option for option in (*typing.get_args(returned), returned) if option is not type(None))
    value = Collection(MemoryTree({})).get(family)
    assert value is None or isinstance(value, Unknown)
    assert "internal error" not in str(value)


@pytest.mark.parametrize("record", RECORDS)
def test_every_field_has_a_sentence(record: type) -> None:
    tree = ast.parse(inspect.cleandoc(inspect.getsource(record)))
    body = tree.body[0].body  # type: ignore[attr-defined]
    told = {
        field.target.id
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    }
    for field in dataclasses.fields(record):
        assert field.name in told or f"`{field.name}`" in (record.__doc__ or ""), field.name
