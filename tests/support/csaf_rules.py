"""Rules of CSAF 2.0 that no schema can hold (clause 6.1), as far as they are on what is written here."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

STATUSES = ("known_affected", "known_not_affected", "fixed", "under_investigation")


def broken_rules(document: Any) -> list[str]:
    return list(dict.fromkeys((*_head(document), *_tree(document), *_vulnerabilities(document))))


def _head(document: Any) -> Iterator[str]:
    head = document["document"]
    tracking = head["tracking"]
    if head["category"] != "csaf_vex" or head["csaf_version"] != "2.0":
        yield "profile"
    if not (head["title"] and head["publisher"]["name"] and head["publisher"]["namespace"].startswith("https://")):
        yield "head"
    if tracking["version"] != tracking["revision_history"][-1]["number"]:
        yield "6.1.16 latest document version"
    if not re.fullmatch(r"\S(.*\S)?", tracking["id"]):
        yield "tracking id"


def _defined(document: Any) -> list[str]:
    tree = document["product_tree"]
    names = [*tree["full_product_names"], *(one["full_product_name"] for one in tree["relationships"])]
    if not all(one["name"] for one in names):
        return ["", ""]
    return [one["product_id"] for one in names]


def _tree(document: Any) -> Iterator[str]:
    defined = _defined(document)
    used = [one[key] for one in document["product_tree"]["relationships"]
            for key in ("product_reference", "relates_to_product_reference")]  # fmt: skip
    for one in document["vulnerabilities"]:
        used += [product for products in one["product_status"].values() for product in products]
    if len(set(defined)) != len(defined):
        yield "6.1.2 multiple definition of a product id"
    if not set(used) <= set(defined):
        yield "6.1.1 missing definition of a product id"


def _vulnerabilities(document: Any) -> Iterator[str]:
    found = document["vulnerabilities"]
    if not found:
        yield "6.1.27.11 vulnerabilities"
    if any(count > 1 for count in Counter(one["cve"] for one in found if "cve" in one).values()):
        yield "6.1.23 multiple use of the same CVE"
    for one in found:
        yield from _vulnerability(one)


def _vulnerability(one: Any) -> Iterator[str]:
    status = one["product_status"]
    flags, threats, remediations = one.get("flags", []), one.get("threats", []), one.get("remediations", [])
    if not any(status.get(name) for name in STATUSES) or not one["notes"][0]["text"]:
        yield "6.1.27.7 product status"
    if "cve" not in one and not one.get("ids"):
        yield "6.1.27.8 vulnerability id"
    if "cve" in one and not re.fullmatch(r"CVE-[0-9]{4}-[0-9]{4,}", one["cve"]):
        yield "cve"
    told = [product for products in status.values() for product in products]
    if len(set(told)) != len(told):
        yield "6.1.6 contradicting product status"
    impacts = [*flags, *(threat for threat in threats if threat["category"] == "impact")]
    if not set(status.get("known_not_affected", ())) <= {
        product for each in impacts for product in each["product_ids"]
    }:
        yield "6.1.27.9 impact statement"
    if not set(status.get("known_affected", ())) <= {
        product for each in remediations for product in each["product_ids"]
    }:
        yield "6.1.27.10 action statement"
    if not all(each["product_ids"] for each in (*flags, *remediations)):
        yield "6.1.29, 6.1.32 without a product reference"
    if any(count > 1 for count in Counter(product for each in flags for product in each["product_ids"]).values()):
        yield "6.1.33 multiple justifications of a product"
    if not all(each["details"] for each in (*threats, *remediations)):
        yield "details"
