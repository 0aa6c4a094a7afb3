"""The names that a component is known by elsewhere: package URLs and CPE 2.3 names, as far as they keep their form.

A name that does not is of no use to a program that reads it, and is told as a text instead. CPE: NIST IR 7695, 6.2, the
formatted string. Package URLs are read by the library of their makers.
"""

import re
from functools import lru_cache

from packageurl import PackageURL

LENGTH_LIMIT = 2000
"""Characters of a name."""

_WORD = r"(?:\?*|\*?)(?:[A-Za-z0-9._-]|\\[\\*?!\"#$%&'()+,/:;<=>@\[\]^`{|}~])+(?:\?*|\*?)"
CPE = re.compile(
    rf"cpe:2\.3:[aho*-](?::(?:{_WORD}|[*-])){{5}}:(?:[A-Za-z]{{2,3}}(?:-(?:[A-Za-z]{{2}}|[0-9]{{3}}))?|[*-])"
    rf"(?::(?:{_WORD}|[*-])){{4}}",
    re.ASCII,
)
UNESCAPED_COLON = re.compile(r"(?<!\\):")
ESCAPE = re.compile(r"\\(.)")
PURL = re.compile(r"pkg:[A-Za-z.+-][A-Za-z0-9.+-]*/[!-~]+", re.ASCII)


def is_cpe(text: str) -> bool:
    return len(text) <= LENGTH_LIMIT and CPE.fullmatch(text) is not None


def cpe_words(text: str) -> tuple[str, str, str]:
    """Vendor, product and version of a CPE name, without escapes; empty what it does not say."""
    if not is_cpe(text):
        return "", "", ""
    vendor, product, version = UNESCAPED_COLON.split(text)[3:6]
    return _said(vendor), _said(product), _said(version)


def _said(word: str) -> str:
    return "" if word in ("*", "-") else ESCAPE.sub(r"\1", word)


@lru_cache(maxsize=8192)
def purl_of(text: str) -> PackageURL | None:
    """None for what is no package URL."""
    if len(text) > LENGTH_LIMIT or not PURL.fullmatch(text):
        return None
    try:
        return PackageURL.from_string(text)
    except ValueError:
        return None


def is_purl(text: str) -> bool:
    return purl_of(text) is not None


def package(purl: str, name: str = "") -> str:
    """What stays the same when a package gets a new version: its URL without version, qualifiers and path in it. Of
    what has no URL the name."""
    found = purl_of(purl)
    if found is None:
        return name
    return PackageURL(found.type, found.namespace, found.name).to_string()


def packaged(ref: str, name: str) -> str:
    """The same of what a `ref` names: the URL in it, behind the part."""
    at = 0 if ref.startswith("pkg:") else ref.find("#pkg:") + 1
    return package(ref[at:], name) if at or ref.startswith("pkg:") else name
