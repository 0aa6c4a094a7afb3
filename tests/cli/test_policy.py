"""policy check and policy schema, as who writes a device.toml calls them."""

import json
from pathlib import Path

import pytest
from command import Firmward

from firmward.model.schema import policy_schema

GOOD = '[device]\nproduct = "x"\n'
ODD = GOOD + "[support]\nuntil = 2020-01-01\n"
BAD = GOOD + "[[listen]]\nport = 22\nform = 'lan'\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for name, text in (("good", GOOD), ("odd", ODD), ("bad", BAD)):
        made[name] = tmp_path / f"{name}.toml"
        made[name].write_text(text)
    return made


def test_a_valid_file_gives_0(firmward: Firmward, files: dict[str, Path]) -> None:
    called = firmward("policy", "check", files["good"])
    assert (called.code, called.out.strip()) == (0, f"{files['good']}: valid")


def test_a_warning_gives_1_with_its_line(firmward: Firmward, files: dict[str, Path]) -> None:
    called = firmward("policy", "check", files["good"], files["odd"])
    assert called.code == 1
    assert f"{files['odd']}:4: warning: support.until: 2020-01-01 is past" in called.out


def test_an_error_gives_2_with_the_line_and_the_nearest_key(firmward: Firmward, files: dict[str, Path]) -> None:
    called = firmward("policy", "check", files["odd"], files["bad"])
    assert called.code == 2
    assert f"{files['bad']}:5: listen[1].form: unknown key, did you mean from?" in called.out


def test_the_line_that_toml_gives_is_told(firmward: Firmward, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("schema = 1\n[device\n")
    called = firmward("policy", "check", path)
    assert called.code == 2
    assert f"{path}:2: " in called.out


def test_an_empty_file_is_valid_and_odd(firmward: Firmward, tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    path.write_text("")
    called = firmward("policy", "check", path)
    assert called.code == 1
    assert called.out.startswith(f"{path}: warning: it declares nothing; `firmward init`")


def test_what_is_no_toml_is_called_so(firmward: Firmward, tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    path.write_text("a = [")
    assert "is not TOML" in firmward("policy", "check", path).out
    assert "is not TOML" in firmward("audit", tmp_path, "--policy", path).err


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x" * (2 << 20)])
def test_what_cannot_be_read_is_told_beside_the_rest(
    firmward: Firmward, files: dict[str, Path], tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "other.toml"
    if content is not None:
        path.write_bytes(content)
    called = firmward("policy", "check", path, files["good"])
    assert called.code == 2
    assert f"{files['good']}: valid" in called.out


def test_programs_get_json(firmward: Firmward, files: dict[str, Path]) -> None:
    called = firmward("policy", "check", "--json", files["odd"], files["bad"])
    odd, bad = json.loads(called.out)
    assert called.code == 2
    assert (odd["valid"], odd["error"], odd["line"]) == (True, None, None)
    assert [(row["place"], row["line"]) for row in odd["warnings"]] == [("support.until", 4)]
    assert (bad["valid"], bad["line"], bad["warnings"]) == (False, 5, [])


def test_control_characters_of_a_file_reach_no_terminal(firmward: Firmward, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('"\\u001b[31m" = 1\n')
    called = firmward("policy", "check", path)
    assert called.code == 2
    assert "\x1b" not in called.out + called.err


def test_the_schema_is_printed(firmward: Firmward) -> None:
    called = firmward("policy", "schema")
    assert called.code == 0
    assert json.loads(called.out) == policy_schema()


def test_help_shows_examples(firmward: Firmward) -> None:
    assert "firmward policy check device.toml" in firmward("policy", "check", "--help").out
    assert "check" in firmward("policy", "--help").out
