"""The order of packages beside the programs that install them."""

import random
import re
import shutil
import subprocess

import pytest

from firmward.vulns.record import Scheme
from firmward.vulns.versions.order import compare

PAIRS = 150
PIECES = ("0", "1", "2", "10", "05", "a", "b", "rc", "git", "z", ".", ".", "-", "+", "deb12u1", "el9")


def version(chance: random.Random, pieces: tuple[str, ...]) -> str:
    middle = "".join(chance.choice(pieces) for _ in range(chance.randint(0, 6)))
    return re.sub(r"-+$", "", f"{chance.randint(0, 3)}{middle}")


def pairs(pieces: tuple[str, ...]) -> list[tuple[str, str]]:
    chance = random.Random(7)
    made = []
    for _ in range(PAIRS):
        one = version(chance, pieces)
        # half are nearly the same, where the rules matter
        other = (
            one + chance.choice(("", "~", ".0", "a", "~1", "+1")) if chance.random() < 0.5 else version(chance, pieces)
        )
        made.append((one, other))
    return made


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not here")
def test_dpkg_orders_them_so() -> None:
    differing = []
    for one, other in pairs((*PIECES, "~", "-1", "~rc1")):
        expected = -1
        for sign, value in (("lt", -1), ("eq", 0), ("gt", 1)):
            if subprocess.run(["dpkg", "--compare-versions", one, sign, other]).returncode == 0:
                expected = value
                break
        if compare(Scheme.DPKG, one, other) != expected:
            differing.append((one, other, expected, compare(Scheme.DPKG, one, other)))
    assert not differing


@pytest.mark.skipif(shutil.which("rpm") is None, reason="rpm is not here")
def test_rpm_orders_them_so() -> None:
    made = pairs((*(piece for piece in PIECES if piece != "-"), "~", "^", "_"))
    words = " ".join(f"%{{lua:print(rpm.vercmp('{one}', '{other}'))}}" for one, other in made)
    told = subprocess.run(["rpm", "--eval", words], capture_output=True, text=True, check=True).stdout.split()
    found = [compare(Scheme.RPM, one, other) for one, other in made]
    differing = [(pair, its, ours) for pair, its, ours in zip(made, map(int, told), found, strict=True) if its != ours]
    assert not differing
