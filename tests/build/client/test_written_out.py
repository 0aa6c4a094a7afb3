"""What a build writes out does on the device what it does here."""

import ast
import sys
from types import ModuleType

import pytest

from firmward.build.client.written_out import NotWrittenOutError, written_out

SOURCE = '''
"""What this is for."""
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, cast, final

if TYPE_CHECKING:
    import socket

T = TypeVar("T")
LIMIT: int = 3
"""Of what."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where."""

    x: int
    y: int = LIMIT
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("negative")

    @property
    def total(self) -> int:
        """Both."""
        return self.x + self.y


@final
@dataclass(frozen=True, slots=True)
class Holder(Generic[T]):
    value: T
    table: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Other:
    x: int
    y: int = LIMIT
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nothing:
    """Has no fields."""


class Place(Protocol):
    def read(self, name: str) -> bytes | None:
        """Whole."""


class Plain:
    """Only words."""


def moved(point: Point, *steps: int, by: "socket.socket | None" = None) -> Point:
    """A copy."""
    far: int = sum(steps)
    return replace(point, x=cast("int", point.x + far))


def parts(point: Point) -> Iterator[int]:
    match point:
        case Point(x, y):
            yield from (x, y)


def told(value: object, size: float, names: list[str]) -> str:
    return (
        f"{value!r} {value!s:>5}|{size:.2f} {size:05.1f}{{}}"
        f"{', '.join(f'<{name}>' for name in names)}{'' if names else 'x'}"
        f"|{len(names):>{len(names) + 3}}|{value!r:<{5}}|"
    )


def is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)
'''


def loaded(name: str, code: str | ast.Module) -> ModuleType:
    module = ModuleType(name)
    sys.modules[name] = module  # where dataclasses looks for the annotations
    exec(compile(code, name, "exec"), vars(module))
    return module


@pytest.fixture(params=["as written", "written out"])
def module(request: pytest.FixtureRequest) -> ModuleType:
    """The same tests hold for both."""
    return loaded("sample_of_records", SOURCE if request.param == "as written" else written_out(SOURCE, "sample"))


def test_a_record_has_its_fields_and_their_defaults(module: ModuleType) -> None:
    assert repr(module.Point(1)) == "Point(x=1, y=3, names=())"
    assert repr(module.Point(1, y=4, names=("a",))) == "Point(x=1, y=4, names=('a',))"
    assert repr(module.Nothing()) == "Nothing()"
    assert (module.Point(1, 2).total, module.Holder(2).value) == (3, 2)
    for wrong in ((), (1, 2, (), 4)):
        with pytest.raises(TypeError):
            module.Point(*wrong)


def test_records_are_equal_by_class_and_value_and_have_a_hash(module: ModuleType) -> None:
    assert module.Point(1) == module.Point(1, 3)
    assert module.Point(1) != module.Point(2)
    assert module.Point(1) != module.Other(1)
    assert module.Point(1) != (1, 3, ())
    assert len({module.Point(1), module.Point(1), module.Point(2)}) == 2
    with pytest.raises(TypeError):
        hash(module.Holder(1))


def test_a_record_never_changes(module: ModuleType) -> None:
    point = module.Point(1)
    with pytest.raises(AttributeError):
        point.x = 2
    with pytest.raises(AttributeError):
        del point.x
    with pytest.raises((AttributeError, TypeError)):
        point.another = 2
    assert not hasattr(point, "__dict__")


def test_a_factory_makes_a_value_for_each(module: ModuleType) -> None:
    first, second = module.Holder(1), module.Holder(1)
    assert first.table == {}
    assert first.table is not second.table
    assert module.Holder(1, {"a": 1}).table == {"a": 1}


def test_what_a_record_checks_is_checked_each_time(module: ModuleType) -> None:
    with pytest.raises(ValueError, match="negative"):
        module.Point(-1)
    with pytest.raises(ValueError, match="negative"):
        module.moved(module.Point(1), -5)


def test_copies_with_changes_and_patterns(module: ModuleType) -> None:
    assert module.moved(module.Point(1, 7, ("a",)), 2, 3) == module.Point(6, 7, ("a",))
    assert list(module.parts(module.Point(1))) == [1, 3]
    with pytest.raises(TypeError):
        module.replace(module.Point(1), z=1)


def test_what_stays_when_types_go(module: ModuleType) -> None:
    assert (module.LIMIT, module.is_mapping({}), module.is_mapping([])) == (3, True, False)
    assert module.Plain() is not None
    assert module.Place is not None


def test_formatted_texts_read_alike(module: ModuleType) -> None:
    assert module.told("a'", 1.5, ["b", "{c}"]) == '"a\'"    a\'|1.50 001.5{}<b>, <{c}>|    2|"a\'" |'
    assert module.told(3, 10, []) == "3     3|10.00 010.0{}x|  0|3    |"


def test_no_formatted_literal_is_left_which_an_older_python_might_not_read() -> None:
    assert not [node for node in ast.walk(written_out(SOURCE, "sample")) if isinstance(node, ast.JoinedStr)]


def test_what_only_a_type_checker_wants_is_gone() -> None:
    text = ast.unparse(written_out(SOURCE, "sample"))
    for word in (
        "typing",
        "dataclasses",
        "collections.abc",
        "import os",
        "socket",
        "TypeVar",
        "What this",
        "Both",
        "->",
    ):
        assert word not in text, word
    assert "from _collections_abc import Mapping\n" in text


@pytest.mark.parametrize(
    "form",
    [
        "@dataclass\nclass A:\n    x: int",
        "@dataclass(frozen=True)\nclass A:\n    x: int",
        "@dataclass(frozen=True, slots=True, order=True)\nclass A:\n    x: int",
        "@dataclass(frozen=True, slots=True)\nclass A(B):\n    x: int",
        "@dataclass(frozen=True, slots=True)\nclass A:\n    x: ClassVar[int] = 1",
        "@dataclass(frozen=True, slots=True)\nclass A:\n    x: int = field(default=1, compare=False)",
        "@dataclass(frozen=True, slots=True)\nclass A:\n    x: int\n    def __init__(self): pass",
        "@dataclass(frozen=True, slots=True)\nclass A:\n    x: int\n    def __eq__(self, other): return True",
        "from dataclasses import asdict",
    ],
)
def test_a_form_that_is_not_known_is_refused(form: str) -> None:
    with pytest.raises(NotWrittenOutError, match="sample:"):
        written_out(form, "sample")
