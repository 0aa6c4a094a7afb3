"""The lists that build systems leave of what they put into an image.

- Yocto: `IMAGE.manifest`, lines of package, architecture and version; `license.manifest`, stanzas of PACKAGE NAME,
  PACKAGE VERSION, RECIPE NAME and LICENSE, which may be in the image too.
- OpenWrt: `*.manifest`, lines of package, a hyphen between blanks, and version.
- Buildroot: `legal-info/manifest.csv`, a table whose first row names its columns; `make show-info`, a JSON object of
  packages with type, version, licenses and cpe-id.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats.malformed import Malformed

SIZE_LIMIT = 64 << 20
ENTRIES_LIMIT = 20_000
TEXT_LIMIT = 300
DEPTH_LIMIT = 64
NAME = re.compile(r"[A-Za-z0-9][\w.+/-]{0,127}", re.ASCII)
VERSION = re.compile(r"[\w.+:~^-]{1,128}", re.ASCII)
CPE = re.compile(r"cpe:2\.3:a:\S{1,250}")
ARCHITECTURE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
LICENCE_FIELDS = ("PACKAGE NAME", "PACKAGE VERSION", "RECIPE NAME", "LICENSE")


class Build(StrEnum):
    """The system that made a list."""

    YOCTO = "yocto"
    OPENWRT = "openwrt"
    BUILDROOT = "buildroot"


@dataclass(frozen=True, slots=True)
class Listed:
    """One package of an image: its `name` and `version`, the `source` that it was built from (a recipe), its `licence`,
    `architecture` and `cpe` name; each empty where the list does not say."""

    name: str
    version: str
    source: str = ""
    licence: str = ""
    architecture: str = ""
    cpe: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a `build` put into an image, as `listed`."""

    build: Build
    listed: tuple[Listed, ...]


def parse(data: bytes) -> Manifest:
    """Raises Malformed when it is none of these lists, or one without any package."""
    if len(data) > SIZE_LIMIT or b"\0" in data[:4096]:
        raise Malformed("no list of packages")
    text = data.decode("utf-8", "replace")
    for build, read in READERS:
        found = []
        for one in read(text):
            if NAME.fullmatch(one.name) and (VERSION.fullmatch(one.version) or not one.version):
                found.append(one)
            if len(found) > ENTRIES_LIMIT:
                raise Malformed(f"a list of more than {ENTRIES_LIMIT} packages")
        if found:
            return Manifest(build, tuple(found))
    raise Malformed("no list of packages of Yocto, OpenWrt or Buildroot")


def _lines(text: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Every line that is not empty is one, or there is nothing."""
    found = []
    for line in text.splitlines():
        if line.strip():
            match = pattern.fullmatch(line.strip())
            if match is None:
                return
            found.append(match)
    yield from found


YOCTO_LINE = re.compile(
    r"(?P<name>\S{1,128}) +(?P<architecture>\S{1,64}) +(?P<version>\d\S{0,127}|git\S{0,120}|v\d\S{0,120})"
)
OPENWRT_LINE = re.compile(r"(?P<name>\S{1,128}) - (?P<version>\S{1,128})")


def _yocto(text: str) -> Iterator[Listed]:
    for match in _lines(text, YOCTO_LINE):
        yield Listed(match["name"], match["version"], architecture=match["architecture"])


def _openwrt(text: str) -> Iterator[Listed]:
    for match in _lines(text, OPENWRT_LINE):
        yield Listed(match["name"], match["version"])


def _licences(text: str) -> Iterator[Listed]:
    fields: dict[str, str] = {}
    for line in (*text.splitlines(), ""):
        name, colon, value = line.partition(":")
        if colon and name.strip() in LICENCE_FIELDS:
            fields.setdefault(name.strip(), value.strip()[:TEXT_LIMIT])
        elif not line.strip() and fields.get("PACKAGE NAME"):
            yield Listed(*(fields.get(name, "") for name in LICENCE_FIELDS))
            fields = {}


def _table(text: str) -> Iterator[Listed]:
    if not text.lstrip('"').startswith("PACKAGE"):
        return
    try:
        for row in csv.DictReader(io.StringIO(text)):
            name, version = row.get("PACKAGE") or "", row.get("VERSION") or ""
            yield Listed(
                name, version if VERSION.fullmatch(version) else "", name, (row.get("LICENSE") or "")[:TEXT_LIMIT]
            )
    except csv.Error as error:
        raise Malformed(f"a table of packages that cannot be read: {error}") from error


def _shown(text: str) -> Iterator[Listed]:
    """Of a JSON object those packages that are for the target and are no mere name for others."""
    if not text.lstrip().startswith("{"):
        return
    try:
        packages = json.loads(text)
    except (ValueError, RecursionError):
        return
    for name, said in packages.items() if isinstance(packages, dict) else ():
        if isinstance(said, dict) and said.get("type") == "target" and not said.get("virtual"):
            version, cpe = str(said.get("version") or ""), str(said.get("cpe-id") or "")
            licence = str(said.get("licenses") or "")[:TEXT_LIMIT]
            yield Listed(
                name,
                version if VERSION.fullmatch(version) else "",
                name,
                licence,
                "",
                cpe if CPE.fullmatch(cpe) else "",
            )


READERS: tuple[tuple[Build, Callable[[str], Iterator[Listed]]], ...] = (
    (Build.YOCTO, _licences),
    (Build.BUILDROOT, _table),
    (Build.BUILDROOT, _shown),
    (Build.OPENWRT, _openwrt),
    (Build.YOCTO, _yocto),
)
