"""The menders of checksums (`tests/support/mending`) that the fuzzer uses: an image is good again after them."""

import pkgutil
import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import mending
import pytest
import samples

from firmward.image import catalogue
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.format import Format
from firmward.image.source import Bytes
from firmward.model.tree import Tree

FORMATS = {name: form for _, name, form in catalogue.modules()}
MENDED = sorted(module.name for module in pkgutil.iter_modules(mending.__path__))
FLIPS = 40
"""Of each image."""
HEAD = 2048
"""Bytes in which most of the flips are made; formats keep their headers there."""

TWICE = {"ubi"}
"""Keep what matters twice, so that one changed bit is passed over without mending."""

every_mender = pytest.mark.parametrize("name", MENDED)


@cache
def images(name: str) -> tuple[bytes, ...]:
    with TemporaryDirectory() as folder:
        try:
            return tuple(samples.samples(name, Path(folder)))
        except samples.NoProgramError as error:
            pytest.skip(str(error))


def mended(name: str, image: bytes) -> bytes:
    mend = mending.find(name)
    assert mend is not None
    copy = bytearray(image)
    mend(copy)
    assert len(copy) == len(image)
    return bytes(copy)


def flipped(image: bytes, chance: random.Random) -> bytes:
    """One bit of it is another one, where something stands."""
    written = [at for at in range(min(HEAD, len(image))) if image[at] not in (0, 0xFF)]
    copy = bytearray(image)
    copy[chance.choice(written)] ^= 1
    return bytes(copy)


def told(form: Format, image: bytes) -> tuple[object, ...]:
    """All that a report would say of an image, contents left out."""
    source = Bytes(image)
    names: list[str] = []
    problems: list[str] = []
    try:
        opened = form.open(source, Budget(Limits(entries=5000, expanded_bytes=64 << 20)))
        if isinstance(opened, Tree):
            names += (entry.path for entry in opened.entries())
            problems += getattr(opened, "problems", ())
        else:
            for child in opened:
                names.append(child.name)
                problems.append(child.problem or "")
    except (Damaged, BudgetExceeded) as error:
        problems.append(str(error))
    return form.measure(source) is None, names, problems


@every_mender
def test_it_mends_a_format_there_is(name: str) -> None:
    assert name in FORMATS


@every_mender
def test_a_good_image_stays_as_it_is(name: str) -> None:
    for image in images(name):
        assert mended(name, image) == image


@pytest.mark.parametrize("name", sorted(set(MENDED) - TWICE))
def test_images_with_a_changed_bit_read_as_the_good_one_more_often_once_mended(name: str) -> None:
    chance = random.Random(name)
    before = after = 0
    for image in images(name)[:4]:
        good = told(FORMATS[name], image)
        for _ in range(FLIPS):
            changed = flipped(image, chance)
            before += told(FORMATS[name], changed) == good
            after += told(FORMATS[name], mended(name, changed)) == good
    assert after > before


@every_mender
def test_nothing_is_raised_whatever_the_bytes_are(name: str) -> None:
    chance = random.Random(name)
    for image in images(name):
        for length in (0, 1, 13, 64, 600, len(image) // 2):
            mended(name, image[:length])
        for _ in range(30):
            noisy = bytearray(image)
            ends = min(HEAD, len(image)), len(image)
            for at in (chance.randrange(chance.choice(ends)) for _ in range(16)):
                noisy[at] = chance.choice((0, 0xFF, chance.randrange(256)))
            mended(name, bytes(noisy))
            mended(name, bytes(noisy[: chance.randrange(len(image))]))
