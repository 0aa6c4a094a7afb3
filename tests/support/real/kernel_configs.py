"""The configurations of every kernel that Debian builds: ten architectures, three long-term lines, all flavours.

`linux-config-VERSION` holds those of its own architecture, each as the build wrote it, nothing omitted.
"""

import lzma
from collections.abc import Iterator
from dataclasses import dataclass

from real.packages import unpacked


@dataclass(frozen=True, slots=True)
class Release:
    suite: str
    version: str
    architectures: tuple[str, ...]


RELEASES = (
    Release("bullseye", "5.10", ("amd64", "arm64", "armhf", "i386")),
    Release(
        "bookworm",
        "6.1",
        ("amd64", "arm64", "armel", "armhf", "i386", "mips64el", "mipsel", "ppc64el", "s390x"),
    ),
    # Debian 11 is updated for its four alone; Debian 13 builds no kernel for armel and MIPS any more, nor, as one of
    # its own, for i386
    Release("trixie", "6.12", ("amd64", "arm64", "armhf", "ppc64el", "riscv64", "s390x")),
)


def configurations() -> list[tuple[str, str]]:
    """Name and text, such as `6.1/armhf/rt-armmp`: of the oldest first, architectures and flavours in order.

    They are fetched once and kept. Raises NoPackagesError where Debian's archive is out of reach.
    """
    return [
        (f"{release.version}/{architecture}/{flavour}", text)
        for release in RELEASES
        for architecture in release.architectures
        for flavour, text in flavours(release, architecture)
    ]


def flavours(release: Release, architecture: str) -> Iterator[tuple[str, str]]:
    package = f"linux-config-{release.version}"
    folder = unpacked(package, architecture, release.suite) / "usr/src" / package
    # config.ARCHITECTURE_FEATURESET_FLAVOUR, the feature set `none` or `rt`
    prefix = f"config.{architecture}_"
    for file in sorted(folder.glob(f"{prefix}*.xz")):
        feature_set, flavour = file.stem.removeprefix(prefix).split("_")
        name = flavour if feature_set == "none" else f"{feature_set}-{flavour}"
        yield name, lzma.decompress(file.read_bytes()).decode()
