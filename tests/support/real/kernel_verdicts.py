"""What kernel-hardening-checker says of Debian's kernel configurations, and what firmward says of the same.

Its verdicts are kept as facts in kernel_verdicts.json, by the option that each of its rows is about: `+` as wanted, `-`
not, `.` no row for that architecture, one letter for each configuration. `record` asks the program itself.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from firmward.checks.kernel.options import rows
from firmward.checks.kernel.options.row import Row, kernel_of
from firmward.facts.kernel_config import KernelOptions
from firmward.formats import kernel_config
from firmward.model.location import Location

FILE = Path(__file__).with_suffix(".json")
JUDGED = ("amd64", "arm64", "armel", "armhf", "i386", "riscv64")
"""Debian's architectures that the program has rows for."""


@dataclass(frozen=True)
class Recorded:
    """`verdicts` has one letter for each of `names`."""

    program: str
    names: tuple[str, ...]
    digests: tuple[str, ...]
    verdicts: Mapping[str, str]

    def of(self, name: str) -> dict[str, bool]:
        """What it says of one configuration, by option."""
        place = self.names.index(name)
        return {option: row[place] == "+" for option, row in self.verdicts.items() if row[place] != "."}


@dataclass(frozen=True)
class Comparison:
    """Of one configuration: rows that both have and judge alike, rows that are of no kernel of this version or
    processor to firmward and that the program misses, and options with what firmward and the program say of them."""

    name: str
    same: int
    not_asked: tuple[str, ...]
    differing: tuple[tuple[str, bool, bool], ...]
    lacking: tuple[str, ...]
    rows: int
    failing: int


@cache
def recorded() -> Recorded:
    told = json.loads(FILE.read_text())
    return Recorded(told["program"], tuple(told["names"]), tuple(told["digests"]), told["verdicts"])


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def options(text: str) -> KernelOptions:
    said = kernel_config.parse(text)
    return KernelOptions(Location("c"), said.settings, said.is_complete, said.version, "", said.architecture)


def identity(row: Row) -> str:
    """As the program's rows are told apart: by option, and by the word that a list must hold."""
    return f"{row.option}:{row.wanted.removeprefix('has:')}" if row.wanted.startswith("has:") else row.option


def ours(text: str) -> dict[str, bool | None]:
    """What firmward says, by option; None for what is not asked of such a kernel."""
    kernel = kernel_of(options(text))
    said: dict[str, bool | None] = {}
    for row in rows():
        answer = row.judge(kernel)
        assert answer is None or isinstance(answer, bool), (row.option, answer)
        if answer is not None or identity(row) not in said:
            said[identity(row)] = answer
    return said


def compare(name: str, text: str) -> Comparison:
    mine, theirs = ours(text), recorded().of(name) if name in recorded().names else {}
    both = {option: (mine[option], verdict) for option, verdict in theirs.items() if option in mine}
    return Comparison(
        name,
        sum(said is verdict or (said is None and verdict) for said, verdict in both.values()),
        tuple(option for option, (said, verdict) in both.items() if said is None and not verdict),
        tuple(
            (option, said, verdict)
            for option, (said, verdict) in both.items()
            if said is not None and said is not verdict
        ),
        tuple(option for option in theirs if option not in mine),
        sum(said is not None for said in mine.values()),
        sum(said is False for said in mine.values()),
    )


def record(program: Sequence[str], configurations: Sequence[tuple[str, str]]) -> None:
    """Ask the program, and keep what it says."""
    judged = [(name, text) for name, text in configurations if name.split("/")[1] in JUDGED]
    told = [_asked(program, text) for _, text in judged]
    known = dict.fromkeys(option for one in told for option in one)
    letters = {True: "+", False: "-", None: "."}
    version = subprocess.run([*program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    data = {
        "program": f"kernel-hardening-checker {version.split()[-1]}",
        "names": [name for name, _ in judged],
        "digests": [digest(text) for _, text in judged],
        "verdicts": {option: "".join(letters[one.get(option)] for one in told) for option in known},
    }
    FILE.write_text(json.dumps(data, indent=1) + "\n")


def _asked(program: Sequence[str], text: str) -> dict[str, bool]:
    with tempfile.NamedTemporaryFile("w", suffix=".config") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([*program, "-c", file.name, "-m", "json"], capture_output=True, text=True, check=True)
    said = [one for one in json.loads(done.stdout) if one["type"] == "kconfig"]
    names = [_identity(one["option_name"], one["desired_val"]) for one in said]
    twice = [name for name, count in Counter(names).items() if count > 1]
    assert not twice, twice
    return {name: one["check_result_bool"] for name, one in zip(names, said, strict=True)}


def _identity(option: str, wanted: str) -> str:
    name = option.removeprefix("CONFIG_")
    return f"{name}:{wanted.strip('*')}" if wanted.startswith("*") else name


if __name__ == "__main__":
    from real.kernel_configs import configurations

    record(sys.argv[1:], configurations())
