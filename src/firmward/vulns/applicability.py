"""Which products a record's CPE match strings mean: NVD's configurations, and the same form in CVE records.

CPE 2.3 names (NISTIR 7695) have thirteen parts between colons, of which a backslash takes the meaning: part, vendor,
product, version, update and so on. `*` is any, `-` none. NVD's configurations (schema of its API 2.0): a list of them,
any of which may hold; its `nodes` are joined by its `operator`, the matches in a node by the node's. Only what is
`vulnerable` is claimed; what stands in the other nodes of an AND is a condition. A negated node is none that could be
looked for, and is left out, so that the claim holds without it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from firmward.formats.malformed import Malformed
from firmward.vulns.fields import VERSION_LIMIT, Table, list_at, tables_at, text_at
from firmward.vulns.record import Claim, Product, Range

CPE_LIMIT = 600
GROUPS_LIMIT = 50
"""Conditions of one claim."""
BEHIND = re.compile(r"[pu]\d{1,4}")
"""An update that upstreams write right behind the version: p1, u8. Others come before the release: rc1, beta2."""
_PARTS = re.compile(r"(?<!\\):")
_ESCAPED = re.compile(r"\\(.)")
ANY, NONE = "*", "-"


@dataclass(frozen=True, slots=True)
class Cpe:
    """The parts of a CPE name that say what is meant; `*` and `-` stand for any and none."""

    part: str
    vendor: str
    product: str
    version: str
    update: str


def parse_cpe(name: str) -> Cpe:
    """Raises Malformed."""
    if len(name) > CPE_LIMIT or not name.startswith(("cpe:2.3:", "cpe:/")):
        raise Malformed(f"is no CPE name: {name[:60]!r}")
    parts: list[str] = name[5:].split(":") if name.startswith("cpe:/") else _PARTS.split(name)[2:]
    part, vendor, product, version, update, *_ = *parts, "", "", "", "", ""
    if part not in ("a", "o", "h") or not vendor or not product:
        raise Malformed(f"is no CPE name: {name[:60]!r}")
    return Cpe(part, _plain(vendor), _plain(product), _plain(version) or ANY, _plain(update) or ANY)


def _plain(word: str) -> str:
    return _ESCAPED.sub(r"\1", word).lower()


def version_of(cpe: Cpe) -> str:
    """The version with its update, as upstreams write it: 8.5p1, 1.0.2-beta1."""
    if cpe.update in (ANY, NONE):
        return cpe.version
    return f"{cpe.version}{'' if BEHIND.fullmatch(cpe.update) else '-'}{cpe.update}"


def applicability(configurations: Sequence[Table], vulnerability: str, feed: str, by: str) -> Iterator[Claim]:
    """The claims of all configurations. Raises Malformed."""
    for configuration in configurations:
        nodes = [one for one in tables_at(configuration, "nodes") if one.get("negate") is not True]
        groups = [group for node in nodes for group in _groups(node)]
        all_of = text_at(configuration, "operator").upper() == "AND"
        for place, group in enumerate(groups):
            node_mates = [one for number, one in enumerate(groups) if number != place and one.all_with == group.node]
            mates = [one for number, one in enumerate(groups) if number != place] if all_of else node_mates
            with_all = tuple(one.products for one in mates)
            if len(with_all) > GROUPS_LIMIT:
                raise Malformed(f"a configuration has more than {GROUPS_LIMIT} conditions")
            for product in group.claimed:
                yield Claim(vulnerability, feed, by, product, with_all=with_all)


@dataclass(frozen=True, slots=True)
class _Group:
    """Products of which any will do: all matches of an OR node, one of an AND node. `claimed` are those among them that
    are vulnerable, `node` the id of the node, and `all_with` the same where its groups hold together."""

    products: tuple[Product, ...]
    claimed: tuple[Product, ...]
    node: int
    all_with: int | None


def _groups(node: Table) -> Iterator[_Group]:
    matches = tables_at(node, "cpeMatch")
    if text_at(node, "operator").upper() == "AND":
        for match in matches:
            product = _product(match)
            yield _Group((product,), (product,) if match.get("vulnerable") is True else (), id(node), id(node))
        return
    products = _merged([_product(match) for match in matches])
    claimed = _merged([_product(match) for match in matches if match.get("vulnerable") is True])
    if products:
        yield _Group(products, claimed, id(node), None)


def _merged(products: list[Product]) -> tuple[Product, ...]:
    """One for each name, with the versions of all."""
    made: dict[tuple[str, str], Product] = {}
    for one in products:
        key = (one.vendor, one.product)
        there = made.get(key)
        if there is None:
            made[key] = one
        elif there.is_any or one.is_any:
            made[key] = replace(there, ranges=(), is_any=True)
        else:
            made[key] = replace(there, ranges=tuple(dict.fromkeys(there.ranges + one.ranges)))
    return tuple(made.values())


def _product(match: Table) -> Product:
    cpe = parse_cpe(text_at(match, "criteria", CPE_LIMIT))
    start, end = (text_at(match, f"version{side}Including", VERSION_LIMIT) for side in ("Start", "End"))
    beyond, before = (text_at(match, f"version{side}Excluding", VERSION_LIMIT) for side in ("Start", "End"))
    if start or end or beyond or before:
        bounds = Range(
            start or beyond, before or end, after=not start and bool(beyond), through=not before and bool(end)
        )
        return Product(cpe.vendor, cpe.product, ranges=(bounds,), part=cpe.part)
    if cpe.version == NONE:
        return Product(cpe.vendor, cpe.product, part=cpe.part)
    if cpe.version == ANY:
        return Product(cpe.vendor, cpe.product, is_any=True, part=cpe.part)
    return Product(cpe.vendor, cpe.product, ranges=(Range(exact=version_of(cpe)),), part=cpe.part)


def names_of(entry: Table) -> Iterator[tuple[str, str]]:
    """Vendor and product of each CPE name in `cpes`; what is no name there tells nothing."""
    for one in list_at(entry, "cpes"):
        try:
            cpe = parse_cpe(one if isinstance(one, str) else "")
        except Malformed:
            continue
        yield cpe.vendor, cpe.product
