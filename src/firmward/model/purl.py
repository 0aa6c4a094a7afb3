"""Package URLs (the purl specification, ECMA-427): `pkg:TYPE/NAMESPACE/NAME@VERSION?QUALIFIERS`.

Every piece is percent-encoded but for letters, digits and `.-_~`; `:` stays. Names of PyPI are lower case with `-` for
`_`; those of GitHub are lower case.
"""

from collections.abc import Mapping
from urllib.parse import quote

LOWER = frozenset(("pypi", "github", "bitbucket", "deb", "apk", "golang", "composer"))


def purl(
    kind: str, name: str, version: str = "", namespace: str = "", qualifiers: Mapping[str, str] | None = None
) -> str:
    """The URL of a package; qualifiers with empty values are left out."""
    if kind in LOWER:
        name, namespace = name.lower(), namespace.lower()
    if kind == "pypi":
        name = name.replace("_", "-")
    spaces = "/".join(_quoted(one) for one in namespace.split("/") if one)
    found = f"pkg:{kind}/{f'{spaces}/' if spaces else ''}{_quoted(name)}"
    if version:
        found += f"@{_quoted(version)}"
    told = [f"{key}={_quoted(value)}" for key, value in sorted((qualifiers or {}).items()) if value]
    return f"{found}?{'&'.join(told)}" if told else found


def _quoted(text: str) -> str:
    return quote(text, safe=".-_~:", errors="replace")
