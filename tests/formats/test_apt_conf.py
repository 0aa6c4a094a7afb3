"""apt.conf as APT itself reads it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from firmward.formats.apt_conf import Clear, Option, parse

TEXTS = (
    'Own::A "1";\nown::a "2";\n',
    'Own { B "x"; C { D "y"; }; };\n',
    'Own { List { "one"; "two"; }; };\n',
    'Own::A "1"; // a comment\n/* Own::A "2"; */\n# Own::A "3";\n',
    'Own\n{\n  A\n  {\n    B "deep";\n  };\n  C "after";\n};\n',
    'Own::URL "http://a.example.com//b";\n',
)


def effective(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for one in parse(text):
        if isinstance(one, Option) and not one.name.endswith("::"):
            options[one.name] = one.value
    return options


@pytest.mark.skipif(shutil.which("apt-config") is None, reason="needs apt")
@pytest.mark.parametrize("text", TEXTS)
def test_apt_reads_the_same(text: str, tmp_path: Path) -> None:
    (tmp_path / "apt.conf").write_text(text)
    environment = {**os.environ, "APT_CONFIG": str(tmp_path / "apt.conf")}
    dump = subprocess.run(
        ["apt-config", "dump", "--format", "%F=%v%n"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    listed = dict(line.lower().split("=", 1) for line in dump.stdout.splitlines() if line.lower().startswith("own"))
    said = {name: value for name, value in listed.items() if value and not name.endswith("::")}
    assert {name: value.lower() for name, value in effective(text).items()} == said


def test_a_line_that_clears_is_told() -> None:
    assert list(parse("#clear APT::Periodic;\n")) == [Clear("apt::periodic")]


def test_a_list_adds_to_itself() -> None:
    assert [(one.name, one.value) for one in parse('A { B { "x"; "y"; }; };') if isinstance(one, Option)] == [
        ("a::b::", "x"),
        ("a::b::", "y"),
    ]


@pytest.mark.parametrize("text", ["{" * 9999, "}" * 9999, '"' * 9999, "#clear", "/*", "\x00\xff;", "a " * 9999 + ";"])
def test_any_text_is_read(text: str) -> None:
    list(parse(text))
