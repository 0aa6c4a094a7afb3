"""Fields of records that strangers wrote: each is read as the type it should have, within bounds, or refused.

A record that breaks its format raises Malformed with the field's name, and is skipped; what a format leaves optional is
empty when it is absent or null.
"""

import re
from collections.abc import Mapping
from datetime import date

from firmward.formats.malformed import Malformed
from firmward.model.vulnerability import Score

Table = Mapping[str, object]

ID_LIMIT = 128
NAME_LIMIT = 300
"""Characters of a vendor's, product's or package's name."""
VERSION_LIMIT = 128
TITLE_LIMIT = 300
DESCRIPTION_LIMIT = 4000
LIST_LIMIT = 20_000
"""Entries of one list of a record."""
ID = re.compile(r"[A-Za-z][A-Za-z0-9._:+-]{2,127}")
CVE = re.compile(r"CVE-\d{4}-\d{4,19}")
CWE = re.compile(r"CWE-(\d{1,5})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def table(value: object, what: str) -> Table:
    if not isinstance(value, dict):
        raise Malformed(f"{what} is no table")
    return value


def table_at(parent: Table, key: str) -> Table:
    value = parent.get(key)
    return {} if value is None else table(value, key)


def list_at(parent: Table, key: str) -> list[object]:
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{key} is no list")
    if len(value) > LIST_LIMIT:
        raise Malformed(f"{key} has {len(value)} entries, more than {LIST_LIMIT}")
    return value


def tables_at(parent: Table, key: str) -> list[Table]:
    return [table(one, f"{key}[{number}]") for number, one in enumerate(list_at(parent, key))]


def text_at(parent: Table, key: str, limit: int = NAME_LIMIT) -> str:
    """Refused where it is longer: half a name would be another one."""
    value = parent.get(key)
    return "" if value is None else text(value, key, limit)


def text(value: object, what: str, limit: int = NAME_LIMIT) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{what} is no text")
    if len(value) > limit:
        raise Malformed(f"{what} has {len(value)} characters, more than {limit}")
    return plain(value)


def prose_at(parent: Table, key: str, limit: int) -> str:
    """Words for people, which are cut where they are too long."""
    value = parent.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{key} is no text")
    cut = value[: 2 * limit]
    words = " ".join(_CONTROL.sub(" ", cut).split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def plain(value: str) -> str:
    """On one line, without control characters and halves of surrogates, which no database takes."""
    return _CONTROL.sub(" ", value).strip() if _CONTROL.search(value) else value.strip()


def id_at(parent: Table, key: str) -> str:
    return identifier(parent.get(key), key)


def identifier(value: object, what: str) -> str:
    """The name of a vulnerability. CVE's are exact, since everything else is found by them."""
    name = text(value, what, ID_LIMIT)
    if not ID.fullmatch(name) or (name.upper().startswith("CVE-") and not CVE.fullmatch(name)):
        raise Malformed(f"{what} is no name of a vulnerability: {name[:40]!r}")
    return name


def day_at(parent: Table, key: str) -> date | None:
    """The day of a date or a moment; None for what is none, which says nothing of the vulnerability."""
    value = parent.get(key)
    return day(value) if isinstance(value, str) else None


def day(value: str) -> date | None:
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def number(value: object, what: str, low: float, high: float) -> float:
    """A finite number within these."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Malformed(f"{what} is no number from {low:g} to {high:g}")
    return float(value)


def score(data: Table, by: str) -> Score | None:
    """CVSS as CVE and NVD write it; None without a vector."""
    vector = text_at(data, "vectorString")
    if not vector:
        return None
    return Score(vector, number(data.get("baseScore", 0), "baseScore", 0, 10), by)


def weaknesses(words: list[str]) -> tuple[int, ...]:
    """CWE's numbers in these words, each once."""
    return tuple(dict.fromkeys(int(found[1]) for word in words if (found := CWE.match(word))))
