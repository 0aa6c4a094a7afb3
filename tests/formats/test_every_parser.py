"""Every pure parser is asked somewhere, and what random damage makes of its samples is answered within bounds."""

import ast
import importlib
import pkgutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType

import pytest
import samples
from bounded import Bounds, OutOfBounds, call
from mutated import damaged
from parsers import READ_ELSEWHERE, Parser, made, parsers

from firmward import formats

PARSERS = {one.name: one for one in parsers()}
MODULES = frozenset(module.name for module in pkgutil.iter_modules(formats.__path__))
ELSEWHERE = frozenset(name for names in READ_ELSEWHERE.values() for name in names.split())
ASKED = frozenset(name for one in PARSERS.values() for name in one.modules)

DAMAGED = 40
"""Inputs of each parser; `make fuzz` tries thousands."""

every_parser = pytest.mark.parametrize("name", PARSERS)


@cache
def corpus(name: str) -> list[bytes]:
    try:
        with tempfile.TemporaryDirectory() as folder:
            return made(PARSERS[name], Path(folder))
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def called(parser: Parser, data: list[bytes]) -> frozenset[tuple[str, str]]:
    """File and name of every function that the questions come to."""
    seen: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            seen.add(frame.f_code)

    sys.setprofile(note)
    try:
        for one in data:
            parser.ask(one)
    finally:
        sys.setprofile(None)
    return frozenset((Path(code.co_filename).stem, code.co_name) for code in seen)


def public_functions(module: str) -> Iterator[str]:
    source = Path(str(importlib.import_module(f"firmward.formats.{module}").__file__)).read_text()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name


def test_every_parser_is_asked_or_read_elsewhere() -> None:
    assert not MODULES - ASKED - ELSEWHERE, "no entry in tests/support/parsers: they would not be fuzzed"
    assert not (ASKED | ELSEWHERE) - MODULES, "no module of formats/"
    assert not ASKED & ELSEWHERE


@pytest.mark.proof
@every_parser
def test_its_samples_lead_to_every_function_of_its_modules(name: str) -> None:
    data = corpus(name)
    found = called(PARSERS[name], data)
    for module in PARSERS[name].modules:
        missing = {(module, one) for one in public_functions(module)} - found
        assert not missing, f"{len(data)} samples do not come to {sorted(missing)}"


@every_parser
def test_damage_is_answered_within_bounds(name: str) -> None:
    parser = PARSERS[name]
    for data in corpus(name)[:4]:
        parser.ask(data)  # what is made once, such as keys, is made here
    for seed in range(DAMAGED):
        call(parser.ask, damaged(corpus(name), parser.mend, seed), Bounds(seconds=10.0))


def spin(_: bytes) -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (spin, "of the processor"),
        (lambda _: [bytes(64 << 20)] and bytearray(b"x") * (64 << 20), "MiB for"),
    ],
    ids=["time", "memory"],
)
def test_what_goes_beyond_the_bounds_is_noticed(question: Callable[[bytes], object], words: str) -> None:
    with pytest.raises(OutOfBounds, match=words):
        call(question, b"x", Bounds(seconds=0.5, memory=16 << 20))
