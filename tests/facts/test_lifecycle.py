"""Dates of support: the line that a version is of, what is said of what the facts leave out, and files refused."""

import importlib.util
import json
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.lifecycle import LINES_LIMIT, SCHEMA, SHIPPED, Line, read_lifecycle, shipped
from firmward.model.errors import InputError
from firmward.model.facts import Unknown

FACTS = shipped()
TODAY = date(2026, 11, 20)

LINES = [
    ("linux", "5.4.61-imx", "5.4", date(2025, 12, 3)),
    ("linux", "6.12", "6.12", date(2028, 12, 31)),
    ("linux", "6.1.0-40-arm64", "6.1", date(2027, 12, 31)),
    ("openssl", "1.1.1w", "1.1.1", date(2023, 9, 11)),
    ("openssl", "3.0.17", "3.0", date(2026, 9, 7)),
    ("python", "3.10.4", "3.10", date(2026, 10, 31)),
    ("debian", "12", "12", date(2028, 6, 30)),
    ("debian", "12.5", "12", date(2028, 6, 30)),
    ("ubuntu", "22.04", "22.04", date(2027, 4, 1)),
    ("nodejs", "18.20.4", "18", date(2025, 4, 30)),
    ("openwrt", "25.12.2", "25.12", None),
    ("u-boot", "2024.10-rc2", "2024.10", date(2026, 10, 1)),
    ("barebox", "2024.03.0-BSP", "2024.03", date(2026, 3, 1)),
    ("tf-a", "2.10.4", "2.10", date(2028, 11, 22)),
    ("op-tee", "3.10.0", "3.10", date(2023, 1, 20)),
    ("cip", "5.10.200-cip40", "5.10", date(2031, 1, 31)),
    ("buildroot", "2025.02.3", "2025.02", date(2028, 3, 1)),
    ("buildroot", "2026.02.1", "2026.02", date(2026, 6, 1)),
]


@pytest.mark.parametrize(("product", "version", "line", "end"), LINES)
def test_a_version_is_of_the_line_that_it_begins_with(product: str, version: str, line: str, end: date | None) -> None:
    found = FACTS.line_of(product, version)
    assert isinstance(found, Line)
    assert (found.line, found.end, found.is_over) == (line, end, False)


OVER = [("linux", "5.3.1"), ("linux", "3.10.14"), ("linux", "2.6.36"), ("openwrt", "15.05.1"), ("perl", "5.22.1"),
    ("u-boot", "1.1.4")]  # fmt: skip


@pytest.mark.parametrize(("product", "version"), OVER)
def test_what_is_older_than_all_lines_or_between_those_of_linux_is_over(product: str, version: str) -> None:
    found = FACTS.line_of(product, version)
    assert isinstance(found, Line)
    assert found.is_past(TODAY)
    assert found.end is None


UNKNOWN = [
    ("linux", "7.3.1"),
    ("linux", "next"),
    ("perl", "5.37.1"),
    ("openwrt", "SNAPSHOT"),
    ("debian", "14"),
    ("u-boot", "git"),
    ("u-boot", "2024.13"),
    ("u-boot", "2024.100"),
    ("nothing", "1"),
]


@pytest.mark.parametrize(("product", "version"), UNKNOWN)
def test_what_is_newer_than_the_facts_or_no_number_is_unknown(product: str, version: str) -> None:
    assert isinstance(FACTS.line_of(product, version), Unknown)


def test_a_boot_loader_that_is_younger_than_the_facts_is_supported_so_many_years_after_them() -> None:
    found = FACTS.line_of("tf-a", "3.0")
    assert isinstance(found, Line)
    assert found.end == FACTS.as_of.replace(year=FACTS.as_of.year + 2)


def test_the_last_day_has_support() -> None:
    line = Line("1", date(2028, 6, 30))
    assert not line.is_past(date(2028, 6, 30))
    assert line.is_past(date(2028, 7, 1))


def test_a_release_is_found_by_its_codename() -> None:
    found = FACTS.named("yocto", "Scarthgap")
    assert found is not None
    assert found.line == "5.0"
    assert FACTS.named("yocto", "") is None
    assert FACTS.named("linux", "") is None


def test_what_is_shipped_is_small_and_says_of_when_it_is() -> None:
    assert SHIPPED.stat().st_size <= 100 << 10
    assert date(2026, 1, 1) < FACTS.as_of < TODAY
    assert FACTS.source
    for name, product in FACTS.products.items():
        assert product.lines or product.is_dated, name
        assert len({one.line for one in product.lines}) == len(product.lines), name
        assert all(one.end is None or one.released is None or one.released <= one.end for one in product.lines), name


def document(**changed: object) -> str:
    row = {"title": "Linux", "by": "kernel.org", "lines": [{"line": "6.1", "end": "2027-12-31"}]}
    return json.dumps({"schema": SCHEMA, "as_of": "2026-08-22", "products": {"linux": row}} | changed)


def product(**changed: object) -> str:
    row = {"title": "Linux", "by": "kernel.org", "lines": [{"line": "6.1", "end": "2027-12-31"}]}
    return document(products={"linux": row | changed})


REFUSED = [
    ("", "is not JSON"),
    ("[" * 100_000, "is not JSON"),
    ("[]", "expected a table"),
    (document(schema="firmward.report/1"), "no file of dates of support"),
    (document(as_of="soon"), "as_of: expected a date"),
    (document(as_of=None), "as_of: expected a text"),
    (document(products=[]), "products: expected a table"),
    (document(products={"Li nux": {}}), "expected a name"),
    (document(products={f"p{n}": {} for n in range(501)}), "more than 500 products"),
    (product(title="a\nb"), "products.linux.title: expected a text"),
    (product(title="x" * 201), "products.linux.title: expected a text"),
    (product(years=-1), "products.linux.years"),
    (product(years=True), "products.linux.years"),
    (product(dated="yes"), "products.linux.dated: expected true or false"),
    (product(lines={}), "products.linux.lines: expected a list"),
    (product(lines=[{}] * (LINES_LIMIT + 1)), "products.linux.lines: expected a list"),
    (product(lines=[{"line": "", "end": True}]), "lines[1].line: expected the number"),
    (product(lines=[{"line": "1"}]), "lines[1].end: expected a text"),
    (product(lines=[{"line": "1", "end": "2027-13-01"}]), "lines[1].end: expected a date"),
    (product(lines=[{"line": "1", "end": True}, {"line": "2", "end": False, "long": 1}]), "lines[2].long"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_a_file_that_is_none_is_refused_with_the_place(text: str, words: str) -> None:
    with pytest.raises(InputError) as refusal:
        read_lifecycle(text, "dates.json")
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("dates.json")
    assert len(str(refusal.value)) < 400


def test_a_file_that_is_given_is_read() -> None:
    line = read_lifecycle(document(), "dates.json").line_of("linux", "6.1.3")
    assert isinstance(line, Line)
    assert line.end == date(2027, 12, 31)


def test_a_line_is_no_other_that_begins_with_the_same_figures() -> None:
    assert isinstance(read_lifecycle(document(), "dates.json").line_of("linux", "6.19.3"), Unknown)


ENDS = [(True, True, None), (False, False, None), ("2020-01-01", True, date(2020, 1, 1))]


@pytest.mark.parametrize(("said", "past", "end"), ENDS)
def test_an_end_is_a_day_or_whether_it_is_over(said: object, past: bool, end: date | None) -> None:
    line = read_lifecycle(product(lines=[{"line": "6.1", "end": said}]), "x").line_of("linux", "6.1")
    assert isinstance(line, Line)
    assert (line.is_past(TODAY), line.end) == (past, end)


@given(st.sampled_from(sorted(FACTS.products)), st.text(max_size=40))
def test_no_version_breaks_it(name: str, version: str) -> None:
    assert isinstance(FACTS.line_of(name, version), Line | Unknown)


def test_the_tool_makes_what_is_shipped_of_the_facts() -> None:
    folder = os.environ.get("FIRMWARD_TEST_DATA")
    facts = Path(folder or ".") / "vuln" / "eol.json"
    if folder is None or not facts.is_file():
        pytest.skip("FIRMWARD_TEST_DATA has no vuln/eol.json")
    spec = importlib.util.spec_from_file_location("lifecycle_tool", Path(__file__).parents[2] / "tools/lifecycle.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    made = tool.written(tool.shipped(json.loads(facts.read_text(encoding="utf-8"))))
    assert made == SHIPPED.read_text(encoding="utf-8")
