"""Made-up software of a camera, and what is known of it: ordinary, hostile, and many."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from firmward.audit.redact import redacted
from firmward.model.component import Component, ComponentKind, Evidence, Witness
from firmward.model.finding import Severity
from firmward.model.location import Location
from firmward.model.report import Report
from firmward.model.vulnerability import Justification, KnownExploited, Score, Vex, VexState, Vulnerability

DAY = date(2026, 11, 20)
ROOT = "camera.img/rootfs_a"
STATUS = Evidence(Witness.PACKAGE, Location("var/lib/dpkg/status", 12, part=ROOT), "openssl 3.0.11-1~deb12u2")
OPENSSL = Component(
    "libssl3",
    "3.0.11-1~deb12u2",
    vendor="openssl",
    purl="pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=armhf&distro=debian-12",
    cpes=("cpe:2.3:a:openssl:openssl:3.0.11:*:*:*:*:*:*:*",),
    licences=("Apache-2.0",),
    source="openssl",
    source_version="3.0.11-1~deb12u2",
    distribution="debian:12",
    files=("usr/lib/libcrypto.so.3", "usr/lib/libssl.so.3"),
    part=ROOT,
    evidence=(STATUS,),
)
BUSYBOX = Component(
    "busybox",
    "1.36.1",
    ComponentKind.APPLICATION,
    vendor="busybox",
    purl="pkg:generic/busybox@1.36.1",
    cpes=("cpe:2.3:a:busybox:busybox:1.36.1:*:*:*:*:*:*:*", "cpe:2.3:a:gnome:libsecret:0.20.5:*:*:*:*:*:*:*"),
    licences=("GPL-2.0-only", "GPLv2 or so"),
    files=("bin/busybox",),
    sha256="3f" * 32,
    part=ROOT,
    evidence=(Evidence(Witness.TEXT, Location("bin/busybox", offset=4096), "BusyBox v1.36.1"),),
)
CAMERAD = Component(
    "camerad", "", ComponentKind.APPLICATION, part=ROOT, depends=(OPENSSL.ref,), licences=("Proprietary, Porch Ltd",)
)
LINUX = Component(
    "linux", "6.1.55", ComponentKind.OPERATING_SYSTEM, vendor="linux", purl="pkg:generic/linux@6.1.55",
    cpes=("cpe:2.3:o:linux:linux_kernel:6.1.55:*:*:*:*:*:*:*",), licences=("GPL-2.0 WITH Linux-syscall-note",),
    part="camera.img/boot/Image.gz",
)  # fmt: skip
ORDINARY = (BUSYBOX, CAMERAD, OPENSSL, LINUX)
HOSTILE = (
    Component("na\x1b[31mme\u202e\udcff", "1\n2\x00", vendor="<script>", licences=("GPL-2.0 AND (", "MIT OR\x07")),
    Component("no version", "", purl="pkg:no purl at all", cpes=("cpe:/a:old:style", "cpe:2.3:a:un escaped:*")),
    Component("x" * 5000, "y" * 5000, licences=("z" * 5000,), files=("var/\udc80", "\x00"), sha256="no digest"),
    Component("twin", "1", purl="pkg:generic/twin@1", depends=("pkg:generic/twin@1", "pkg:generic/missing@1")),
    Component("twin", "1", purl="pkg:generic/twin@1", part="not a part"),
    Component("{}", "[]", purl="pkg:generic/%7B%7D@%5B%5D", distribution="debian:12", source="\u3164"),
    Component("", ""),
)


def many(count: int) -> tuple[Component, ...]:
    """A chain of `count` libraries, each of which needs the one before."""
    return tuple(
        Component(
            f"lib{number}", f"1.{number}", purl=f"pkg:generic/lib{number}@1.{number}", part=ROOT,
            sha256=f"{number:064x}",
            depends=(f"{ROOT}#pkg:generic/lib{number - 1}@1.{number - 1}",) if number else (), licences=("MIT",),
        )
        for number in range(count)
    )  # fmt: skip


def _of(component: Component, id: str, severity: Severity, vex: Vex | None = None, **rest: object) -> Vulnerability:
    known = Vulnerability(id, component.ref, component.name, component.version, severity, "nvd", vex=vex)
    return replace(known, **rest)  # type: ignore[arg-type]


BUILT_OUT = Vex(
    VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT, "CONFIG_CAN is off", "firmward", date(2026, 11, 19)
)
BEHIND = Vex(
    VexState.NOT_AFFECTED, Justification.PROTECTED_AT_PERIMETER, "only in the plant's own network", "M. Okafor"
)
VULNERABILITIES = (
    _of(
        OPENSSL, "CVE-2024-5535", Severity.CRITICAL, Vex(VexState.EXPLOITABLE, detail="update first", by="M. Okafor"),
        by="cna", aliases=("GHSA-4fc7-mvrr-wv2c",), title="Reading beyond a buffer", cwes=(126, 200), epss=0.043,
        score=Score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H", 9.1, "cisa"), fixed=("3.0.15-1~deb12u1",),
        exploited=KnownExploited(date(2025, 1, 2), date(2025, 1, 23)), published=date(2024, 6, 27),
        modified=date(2024, 11, 21), reach=("listens on tcp/443",), why="It is used now.", do="Update to 3.0.15.",
    ),
    _of(OPENSSL, "CVE-2023-5678", Severity.MEDIUM, BEHIND),
    _of(LINUX, "CVE-2023-2166", Severity.MEDIUM, BUILT_OUT, files=("net/can/af_can.c",)),
    _of(BUSYBOX, "CVE-2022-48174", Severity.HIGH, Vex(VexState.FALSE_POSITIVE, detail="it is mended", by="M. Okafor")),
    _of(BUSYBOX, "CVE-2023-42363", Severity.MEDIUM, Vex(VexState.RESOLVED, detail="patch 0007", by="M. Okafor")),
    _of(BUSYBOX, "CVE-2023-42364", Severity.MEDIUM, Vex(VexState.EXPLOITABLE, needs_review="was decided for 1.36.0")),
    _of(BUSYBOX, "GHSA-xxxx-not-a-cve", Severity.LOW),
    _of(LINUX, "CVE-2024-5535", Severity.LOW, Vex(VexState.IN_TRIAGE, detail="asked the maker")),
)  # fmt: skip


def with_software(
    report: Report,
    components: Sequence[Component] = ORDINARY,
    vulnerabilities: Sequence[Vulnerability] = VULNERABILITIES,
) -> Report:
    """The report with software in it, as an audit would give it."""
    return redacted(replace(report, components=tuple(components), vulnerabilities=tuple(vulnerabilities)))
