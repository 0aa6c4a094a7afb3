"""Until when lines of software get security fixes from those who make them: dated facts, which age.

They lie beside this file (lifecycle.json, renewed by tools/lifecycle.py), and can be given anew (`--lifecycle FILE`).
A *line* is what gets fixes together: `6.1` of Linux, `12` of Debian, `3.0` of OpenSSL. Its end is the last day with
support.

- A version that is younger than every line of the file is not known; one older than all of them is past its end.
- Of Linux only the long-term lines outlive the next release. A line between others that the file does not name is none
  of these, and past its end.
- Of software whose releases are each held to be supported for some years (`years`), one that is younger than the file
  is supported for so long after it. `dated` ones carry year and month as their version.

A collection is given the record; no tree shows it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

from firmward.model.clock import years_on
from firmward.model.errors import InputError
from firmward.model.facts import Unknown

SCHEMA = "firmward.lifecycle/1"
SHIPPED = Path(str(files("firmward.facts").joinpath("lifecycle.json")))
SIZE_LIMIT = 4 << 20
"""Bytes of a file that is given; what is shipped has less than a hundredth."""
PRODUCTS_LIMIT, LINES_LIMIT, TEXT_LIMIT = 500, 2000, 200
"""Products in a file, lines of one of them, and characters of any text."""
LINUX = "linux"
FIRST_YEAR = 2000
"""Versions that begin with less were numbered otherwise, before they were dated: U-Boot 1.3.4 is of 2008."""
NUMBERS = re.compile(r"\d{1,6}(?:\.\d{1,6}){0,5}")
DATED = re.compile(r"(?P<year>20\d\d)\.(?P<month>0[1-9]|1[0-2])(?!\d)")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True)
class Line:
    """One `line` of a product. `released` is its first day, `end` the last with support: None where none is announced,
    and where `is_over` says that it is past and not since when. `is_long` says that its makers call it a long-term one,
    `codename` what it is called beside its number."""

    line: str
    end: date | None = None
    released: date | None = None
    is_over: bool = False
    is_long: bool = False
    codename: str = ""

    def is_past(self, today: date) -> bool:
        return self.is_over or (self.end is not None and today > self.end)


@dataclass(frozen=True, slots=True)
class Product:
    """What is supported in `lines`, under the `name` in the file and a `title` for people, `by` whom. `years` and
    `is_dated` are the rule for what has no line, 0 and False without one."""

    name: str
    title: str
    by: str
    lines: tuple[Line, ...] = field(repr=False)
    years: int = 0
    is_dated: bool = False


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """All `products` by name, known `as_of` a day, and the `source`, where the dates are from."""

    as_of: date
    products: Mapping[str, Product] = field(repr=False)
    source: str = ""

    def title(self, product: str) -> str:
        known = self.products.get(product)
        return product if known is None else known.title

    def by(self, product: str) -> str:
        known = self.products.get(product)
        return product if known is None else known.by

    def line_of(self, product: str, version: str) -> Line | Unknown:
        """The line that a version is of."""
        known = self.products.get(product)
        if known is None:
            return Unknown(f"the facts of {self.as_of} know nothing of {product}")
        if known.is_dated:
            return self._dated(known, version)
        fitting = [one for one in known.lines if _begins(version, one.line)]
        if fitting:
            return max(fitting, key=lambda one: len(one.line))
        return self._beside(known, version)

    def named(self, product: str, codename: str) -> Line | None:
        """The line with this codename."""
        known = self.products.get(product)
        lines = () if known is None else known.lines
        return next((one for one in lines if one.codename and one.codename == codename.lower()), None)

    def _dated(self, product: Product, version: str) -> Line | Unknown:
        found = DATED.match(version)
        if found is None:
            number = _number(version)
            if number and number[0] < FIRST_YEAR:
                return Line(".".join(version.split(".")[:2])[:40], is_over=True)
            return Unknown(f"the version {version[:40]!r} of {product.title} says no date")
        released = date(int(found["year"]), int(found["month"]), 1)
        return Line(found[0], years_on(released, product.years), released)

    def _beside(self, product: Product, version: str) -> Line | Unknown:
        """What is said of a version that no line fits."""
        number = _number(version)
        numbers = sorted((_number(one.line), one) for one in product.lines if _number(one.line))
        unknown = Unknown(f"the facts of {self.as_of} know no line that {product.title} {version[:40]} is of")
        if not number or not numbers:
            return unknown
        line = ".".join(version.split(".")[: len(numbers[-1][0])])[:40]
        if number < numbers[0][0]:
            return Line(line, is_over=True)
        if number > numbers[-1][0]:
            return Line(line, years_on(self.as_of, product.years)) if product.years else unknown
        if product.name == LINUX:
            return Line(line, is_over=True)
        after = next(one for (before, _), (then, one) in pairwise(numbers) if before < number <= then)
        return Line(line, after.end, is_over=after.is_over) if product.years else unknown


@cache
def shipped() -> Lifecycle:
    return read_lifecycle(SHIPPED.read_text(encoding="utf-8"), SHIPPED.name)


def read_lifecycle(text: str, name: str) -> Lifecycle:
    """Raises InputError that says what stands where something else is wanted."""
    if len(text) > SIZE_LIMIT:
        raise InputError(f"{name}: larger than {SIZE_LIMIT} bytes")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is not JSON: {error}"[:300]) from error
    place = _Place(name)
    table = place.table(document)
    if table.get("schema") != SCHEMA:
        raise InputError(f"{name}: is no file of dates of support (schema {SCHEMA})")
    products = place.at("products").table(table.get("products"))
    if len(products) > PRODUCTS_LIMIT:
        raise InputError(f"{name}: more than {PRODUCTS_LIMIT} products")
    return Lifecycle(
        place.at("as_of").day(table.get("as_of")),
        {key: _product(key, value, place.at(f"products.{key[:64]}")) for key, value in products.items()},
        place.at("source").text(table.get("source", "")),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the file something stands, for the words of a refusal."""

    name: str

    def at(self, step: str) -> "_Place":
        return _Place(f"{self.name}: {step}" if ": " not in self.name else f"{self.name}.{step}")

    def wrong(self, wanted: str) -> InputError:
        return InputError(f"{self.name}: expected {wanted}")

    def table(self, value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self.wrong("a table")
        return value

    def text(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > TEXT_LIMIT or not value.isprintable():
            raise self.wrong(f"a text of at most {TEXT_LIMIT} letters")
        return value

    def day(self, value: object) -> date:
        try:
            return date.fromisoformat(self.text(value))
        except ValueError:
            raise self.wrong("a date such as 2031-06-30") from None

    def truth(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise self.wrong("true or false")
        return value


def _product(name: str, value: object, place: _Place) -> Product:
    if not NAME.fullmatch(name):
        raise place.wrong("a name of small letters, digits and hyphens")
    table = place.table(value)
    lines = table.get("lines")
    if not isinstance(lines, list) or len(lines) > LINES_LIMIT:
        raise place.at("lines").wrong(f"a list of at most {LINES_LIMIT} lines")
    years = table.get("years", 0)
    if not isinstance(years, int) or isinstance(years, bool) or not 0 <= years <= 50:
        raise place.at("years").wrong("a number of years up to 50")
    return Product(
        name,
        place.at("title").text(table.get("title")),
        place.at("by").text(table.get("by")),
        tuple(_lines(lines, place.at("lines"))),
        years,
        place.at("dated").truth(table.get("dated", False)),
    )


def _lines(rows: list[object], place: _Place) -> Iterator[Line]:
    for number, row in enumerate(rows, 1):
        here = _Place(f"{place.name}[{number}]")
        table = here.table(row)
        line, end, released = here.at("line").text(table.get("line")), table.get("end"), table.get("released")
        if not line:
            raise here.at("line").wrong("the number of a line")
        yield Line(
            line,
            None if isinstance(end, bool) else here.at("end").day(end),
            None if released is None else here.at("released").day(released),
            end is True,
            here.at("long").truth(table.get("long", False)),
            here.at("codename").text(table.get("codename", "")).lower(),
        )


def _begins(version: str, line: str) -> bool:
    """Whether a version is of a line: `1.1.1w` of 1.1.1 and `3.0.2` of 3.0, and `3.10` not of 3.1."""
    behind = version.removeprefix(line)
    return version.startswith(line) and not behind[:1].isdigit()


def _number(version: str) -> tuple[int, ...]:
    found = NUMBERS.match(version)
    return () if found is None else tuple(int(part) for part in found[0].split("."))
