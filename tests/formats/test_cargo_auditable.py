import json
import zlib

import pytest

from firmward.formats import cargo_auditable
from firmward.formats.cargo_auditable import Crate
from firmward.formats.malformed import Malformed

PACKAGES = {
    "packages": [
        {"name": "adler", "version": "0.2.3", "source": "crates.io", "kind": "runtime"},
        {"name": "cc", "version": "1.0.70", "source": "crates.io", "kind": "build"},
        {"name": "agent", "version": "0.1.0", "source": "local", "root": True},
        {"name": 7, "version": "1"},
        "nothing",
    ]
}


def section(content: object) -> bytes:
    return zlib.compress(json.dumps(content).encode())


def test_crates_are_read_and_those_that_only_built_it_left_out() -> None:
    assert cargo_auditable.parse(section(PACKAGES)) == (
        Crate("adler", "0.2.3", "crates.io", False),
        Crate("agent", "0.1.0", "local", True),
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "cut off"),
        (b"not zlib", ".dep-v0"),
        (section(PACKAGES)[:-8], "cut off"),
        (zlib.compress(b"{"), "no JSON"),
        (zlib.compress(b"[" * 100_000), "no JSON"),
        (section([1]), "no packages"),
        (section({"packages": {}}), "no packages"),
        (zlib.compress(bytes(cargo_auditable.TEXT_LIMIT + 1)), "more than"),
    ],
)
def test_what_is_no_list_of_crates_is_said_to_be_none(data: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        cargo_auditable.parse(data)
