"""The kernel and what boots it, as components.

A kernel's release is the upstream version with what its builder put behind: 6.1.55-1-lts is 6.1.55. Debian's release
names an ABI instead (6.1.0-28-arm64); there the banner has the version of the package (`Debian 6.1.119-1`), and without
it the upstream version is not known.
"""

import re
from collections.abc import Iterator

from firmward.facts.boot_firmware import BootFirmware, Loader
from firmward.facts.running_kernels import RunningKernel, RunningKernels
from firmward.facts.uboots import Uboots
from firmward.model.component import Component, ComponentKind, Evidence, Witness
from firmward.model.cpe import cpe
from firmward.model.location import Location
from firmward.model.purl import purl

UPSTREAM = re.compile(r"\d{1,2}\.\d{1,3}(?:\.\d{1,3})?(?:-rc\d{1,2})?(?![\d.])")
BY_DEBIAN = re.compile(r"\bDebian (?P<version>(?P<upstream>\d[\w.]{0,30}?)(?:~\w+)?-\d[\w.+~-]{0,60})")
ABI = re.compile(r"\d{1,2}\.\d{1,2}\.0-\d{1,3}-")
"""Debian's and Ubuntu's kernels, whose release does not say which of the stable ones they are."""
VENDORS = {
    "u-boot": ("denx", "u-boot"),
    Loader.TF_A: ("arm", "trusted_firmware-a"),
    Loader.OP_TEE: ("linaro", "op-tee"),
    Loader.BAREBOX: ("pengutronix", "barebox"),
    Loader.GRUB: ("gnu", "grub2"),
    Loader.SHIM: ("redhat", "shim"),
}
"""CPE's vendor and product."""


def kernels(running: RunningKernels, distribution: str) -> Iterator[Component]:
    """`distribution` is the one of the root, `debian:12`."""
    for one in running.found:
        yield _kernel(one, distribution)


def _kernel(one: RunningKernel, distribution: str) -> Component:
    banner = BY_DEBIAN.search(one.version)
    upstream = UPSTREAM.match(one.release)
    version = "" if upstream is None or ABI.match(one.release) else upstream[0]
    source_version = keeper = ""
    if banner is not None:
        version, source_version, keeper = banner["upstream"], banner["version"], distribution
    said = f"{one.release} {one.version}".strip()
    return Component(
        "linux",
        version,
        ComponentKind.OPERATING_SYSTEM,
        "linux",
        purl("generic", "linux", version),
        (cpe("linux", "linux_kernel", version, "o"),),
        ("GPL-2.0-only WITH Linux-syscall-note",),
        "linux",
        source_version,
        keeper if keeper.startswith("debian") else "",
        evidence=(Evidence(Witness.KERNEL, one.at, said[:200]),),
    )


def loaders(uboots: Uboots | None, firmware: BootFirmware | None) -> Iterator[Component]:
    for one in uboots.found if uboots is not None else ():
        yield _loader("u-boot", one.version, one.at)
    for other in firmware.found if firmware is not None else ():
        yield _loader(other.loader, other.version, other.at)


def _loader(name: str, said: str, at: Location) -> Component:
    vendor, product = VENDORS[name]
    version = re.split(r"[+~]|-(?!rc)", said, maxsplit=1)[0]
    return Component(
        name.lower(),
        version,
        ComponentKind.FIRMWARE,
        vendor,
        purl("generic", name.lower(), version),
        (cpe(vendor, product, version),),
        evidence=(Evidence(Witness.BOOT_LOADER, at, f"{name} {said}"[:200]),),
    )
