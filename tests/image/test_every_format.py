"""What holds for every format, with small real images that its own tool made (`samples/`)."""

import random
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import samples

from firmward.image import carve, catalogue
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.format import Format
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind, Tree

FORMATS = {name: form for _, name, form in catalogue.modules()}
CARVED = sorted(name for name, form in FORMATS.items() if form.carve)
MUTATIONS = 40
SECONDS = 10.0
READ_LIMIT = 1 << 20

every_format = pytest.mark.parametrize("name", sorted(FORMATS))


@cache
def images(name: str) -> tuple[bytes, ...]:
    with TemporaryDirectory() as folder:
        try:
            return tuple(samples.samples(name, Path(folder)))
        except samples.NoProgramError as error:
            pytest.skip(str(error))


@every_format
def test_it_has_words_for_its_page(name: str) -> None:
    about = FORMATS[name].about
    assert all(words.strip() for words in (about.title, about.reads, about.limits, about.witness))


@every_format
def test_it_has_samples(name: str) -> None:
    assert samples.has_samples(name)
    assert images(name)


@every_format
def test_it_is_told_from_all_others(name: str) -> None:
    for image in images(name):
        found = catalogue.identify(Bytes(image), catalogue.kinds())
        assert found is not None
        assert found[0].name == FORMATS[name].name
        assert 0 < found[1] <= len(image)


@pytest.mark.parametrize("name", CARVED)
def test_it_is_found_in_a_dump_at_its_place_and_nothing_is_found_inside_it(name: str) -> None:
    place = 0x23000
    for image in images(name):
        dump = b"\xff" * place + image + b"\xff" * 0x3000
        found = list(carve.carve(Bytes(dump), Budget()))
        if len(image) >= FORMATS[name].smallest:
            assert [(one.kind.name, one.offset) for one in found] == [(FORMATS[name].name, place)]


@every_format
def test_broken_images_end_in_words_and_soon(name: str) -> None:
    chance = random.Random(name)
    for image in images(name)[:4]:
        for _ in range(MUTATIONS):
            exercise(FORMATS[name], broken(image, chance))


def broken(image: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.2:
        return image[: chance.randrange(len(image))]
    copy = bytearray(image)
    for _ in range(chance.choice((1, 2, 8, 32))):
        at = chance.randrange(min(len(image), 4096) if chance.random() < 0.6 else len(image))
        width = chance.choice((1, 2, 4, 8))
        copy[at : at + width] = chance.choice((b"\xff" * width, bytes(width), chance.randbytes(width)))
    return bytes(copy[: len(image)])


def exercise(form: Format, data: bytes) -> None:
    """Everything that is done with an image; whatever it raises but what a format may raise fails the test."""
    started = time.monotonic()
    source = Bytes(data)
    size = form.measure(source)
    assert size is None or 0 <= size <= len(data)
    budget = Budget(Limits(entries=5000, expanded_bytes=32 << 20, seconds=SECONDS))
    try:
        if form.end is not None and size:
            assert 0 <= form.end(source, budget) <= len(data)
        opened = form.open(source, budget)
        if isinstance(opened, Tree):
            read_files(opened)
        else:
            for child in opened:
                assert child.source is not None or child.problem
    except (Damaged, BudgetExceeded):
        pass
    assert time.monotonic() - started < SECONDS


def read_files(tree: Tree) -> None:
    for entry in tree.entries():
        assert not {"", ".", ".."} & set(entry.path.split("/"))
        if entry.kind is not Kind.FILE:
            continue
        length = 0
        try:
            for piece in tree.chunks(entry):
                length += len(piece)
                if length > READ_LIMIT:
                    break
        except Unavailable:
            continue
