"""Where feeds are fetched from, and what with: options first, then the environment, then `firmward.toml`.

The file is FIRMWARD_CONFIG, else `firmward/firmward.toml` where the user's configuration lies. One in the working
directory is not read: what was unpacked there must not say where facts come from.

    [vulns]
    feeds = ["cve", "kernel", "nvd", "kev", "epss", "debian"]
    ecosystems = ["PyPI", "Go"]
    [vulns.mirrors]
    nvd = "https://mirror.example/nvd"

A mirror has what its upstream has, under the same paths.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from firmward.model.errors import InputError
from firmward.vulns.feed import feed_named
from firmward.vulns.feeds.osv import ECOSYSTEM

CONFIG = "FIRMWARD_CONFIG"
MIRROR = "FIRMWARD_VULNS_MIRROR_"
KEYS: Mapping[str, str] = MappingProxyType({"nvd": "FIRMWARD_NVD_API_KEY"})
"""The environment's variable with what lets the user in faster, by feed. In no file, and in no output."""
SIZE_LIMIT = 1 << 20
KEY = re.compile(r"[A-Za-z0-9-]{1,128}")


@dataclass(frozen=True, slots=True)
class Settings:
    """The `feeds` that an update takes, all where there is none; `mirrors` by feed, `keys` by feed, and OSV's
    `ecosystems`, the usual ones where there is none."""

    feeds: tuple[str, ...] = ()
    mirrors: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    ecosystems: tuple[str, ...] = ()


def read_settings(mirrors: Mapping[str, str] = MappingProxyType({})) -> Settings:
    """Raises InputError that names the key or variable which does not hold."""
    path, document = _document()
    table = _table(document.get("vulns", {}), f"{path}: vulns")
    unknown = table.keys() - {"feeds", "ecosystems", "mirrors"}
    if unknown:
        raise InputError(f"{path}: vulns.{min(unknown)}: is no setting; there are feeds, ecosystems, mirrors")
    feeds = tuple(feed_named(name).name for name in _words(table.get("feeds", []), f"{path}: vulns.feeds"))
    ecosystems = _words(table.get("ecosystems", []), f"{path}: vulns.ecosystems")
    for one in ecosystems:
        if not ECOSYSTEM.fullmatch(one):
            raise InputError(f"{path}: vulns.ecosystems: {one[:40]!r} is no ecosystem of OSV")
    of_file = _table(table.get("mirrors", {}), f"{path}: vulns.mirrors")
    named = {name: (f"{path}: vulns.mirrors.{name}", url) for name, url in of_file.items()}
    named |= {
        variable.removeprefix(MIRROR).lower(): (variable, url)
        for variable, url in os.environ.items()
        if variable.startswith(MIRROR) and url
    }
    named |= {name: (f"--mirror {name}", url) for name, url in mirrors.items()}
    checked = {feed_named(name).name: _address(url, where) for name, (where, url) in named.items()}
    return Settings(feeds, checked, dict(_keys()), ecosystems)


def _document() -> tuple[Path, Mapping[str, object]]:
    given = os.environ.get(CONFIG)
    base = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if base.startswith("/") else Path.home() / ".config"
    path = Path(given) if given else folder / "firmward" / "firmward.toml"
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        if not given and isinstance(error, FileNotFoundError | NotADirectoryError | PermissionError):
            return path, {}
        raise InputError(f"{path}: {error.strerror}") from error
    if len(content) > SIZE_LIMIT:
        raise InputError(f"{path}: larger than {SIZE_LIMIT} bytes")
    try:
        return path, tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: is not TOML: {error}"[:300]) from error


def _table(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected a table")
    return value


def _words(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InputError(f"{where}: expected a list of texts")
    return tuple(value)


def _address(url: object, where: str) -> str:
    if not isinstance(url, str):
        raise InputError(f"{where}: expected an address such as https://mirror.example/nvd")
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        is_good = False
    if not is_good:
        raise InputError(f"{where}: expected an address such as https://mirror.example/nvd")
    return url.rstrip("/")


def _keys() -> Mapping[str, str]:
    found = {feed: os.environ.get(variable, "") for feed, variable in KEYS.items()}
    for feed, key in found.items():
        if key and not KEY.fullmatch(key):
            raise InputError(f"{KEYS[feed]}: is no key: letters, digits and hyphens are wanted")
    return {feed: key for feed, key in found.items() if key}


def mirrored(url: str, mirror: str | None) -> str:
    """The address below the mirror, with the path and question of upstream's."""
    if mirror is None:
        return url
    parts = urlsplit(url)
    return f"{mirror}{parts.path}{'?' + parts.query if parts.query else ''}"
