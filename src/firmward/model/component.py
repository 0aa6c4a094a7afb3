"""What an image is made of: one record for each component, whatever source told of it.

The words are CycloneDX's. A component is what has a version of its own and can be named in an advisory; the files that
it brought are its evidence and not components themselves.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from firmward.model.location import Location


class ComponentKind(StrEnum):
    """CycloneDX' component types, as far as they are in devices."""

    APPLICATION = "application"
    LIBRARY = "library"
    FRAMEWORK = "framework"
    OPERATING_SYSTEM = "operating-system"
    FIRMWARE = "firmware"
    FILE = "file"


class Witness(StrEnum):
    """What told of a component, most trusted first: where two name one version each, the first is right."""

    PACKAGE = "package"
    """The database of a package manager."""
    MANIFEST = "manifest"
    """The list that a build system left."""
    METADATA = "metadata"
    """What a language's packages carry: Python, npm, Lua."""
    BUILD_INFO = "build-info"
    """What a compiler wrote into the program: Go's build info, Rust's audited dependencies."""
    KERNEL = "kernel"
    BOOT_LOADER = "boot-loader"
    TEXT = "text"
    """Words in the program that say its version."""
    NAME = "name"
    """The name of a file or folder."""
    SBOM = "sbom"
    """An SBOM that was given."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was read, `text`, by which `witness`, and `at` which place. The text is cut to 200 characters."""

    witness: Witness
    at: Location
    text: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """One component: its `name`, and its `version`, empty where that is not known.

    `kind` is what it is, `vendor` who makes it, by CPE's name where there is one. `purl` is its package URL, `cpes` are
    CPE 2.3 names for its product, without those that differ in nothing but what is not known. `licences` are SPDX
    expressions as the source gives them. `source` and `source_version` name the source package of a distribution's
    binary package, `distribution` the distribution that keeps it, as `debian:12`, empty where nobody does. `files` are
    paths that it brought, `sha256` is the digest of its one file where it is one. `depends` are the `ref` of others.
    `part` is the part of the image that it lies in, and `evidence` says how it is known, best first.
    """

    name: str
    version: str = ""
    kind: ComponentKind = ComponentKind.LIBRARY
    vendor: str = ""
    purl: str = ""
    cpes: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    source: str = ""
    source_version: str = ""
    distribution: str = ""
    files: tuple[str, ...] = field(default=(), repr=False)
    sha256: str = ""
    depends: tuple[str, ...] = ()
    part: str = ""
    evidence: tuple[Evidence, ...] = field(default=(), repr=False)

    @property
    def ref(self) -> str:
        """What others in the same report call it by: the package URL, which is unique with the part."""
        name = self.purl or f"{self.name}@{self.version}"
        return f"{self.part}#{name}" if self.part else name
