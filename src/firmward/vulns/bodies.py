"""A claim's product with its ranges and conditions, as short JSON: how the database keeps it."""

import json
from typing import cast

from firmward.formats.malformed import Malformed
from firmward.vulns.record import Claim, Product, Range, Scheme, Status

AFTER, THROUGH = 1, 2
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def body_of(claim: Claim) -> str:
    with_all = [[_packed(one) for one in group] for group in claim.with_all]
    body: list[object] = [claim.status.value, _packed(claim.product)]
    return _encode([*body, with_all] if with_all else body)


def _packed(product: Product) -> list[object]:
    ranges: list[object] = [one.exact or _bounds(one) for one in product.ranges]
    body: list[object] = [product.vendor, product.product, ranges, int(product.is_any)]
    if product.ecosystem or product.part or product.scheme is not Scheme.GENERIC:
        body += [product.scheme.value, product.ecosystem, product.part]
    return body


def _bounds(one: Range) -> list[object]:
    flags = one.after * AFTER | one.through * THROUGH
    return [one.start, one.end, flags] if flags else [one.start, one.end]


def claim_of(vulnerability: str, feed: str, by: str, body: str) -> Claim:
    """Raises Malformed where the body is none that was written here."""
    try:
        status, product, *rest = json.loads(body)
        with_all = tuple(tuple(map(_unpacked, group)) for group in rest[0]) if rest else ()
        return Claim(vulnerability, feed, by, _unpacked(product), Status(status), with_all)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise Malformed(f"a claim on {vulnerability} is damaged") from error


def _unpacked(body: list[object]) -> Product:
    vendor, product, ranges, is_any, *rest = body
    scheme, ecosystem, part = rest or ("generic", "", "")
    made = tuple(Range(exact=one) if isinstance(one, str) else _range(*one) for one in cast("list[list[str]]", ranges))
    return Product(str(vendor), str(product), str(ecosystem), made, bool(is_any), Scheme(str(scheme)), str(part))


def _range(start: str, end: str, flags: object = 0) -> Range:
    return Range(start, end, flags in (AFTER, AFTER | THROUGH), flags in (THROUGH, AFTER | THROUGH))
