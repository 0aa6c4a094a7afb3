"""A made-up calendar: every state, a long name, hostile words."""

from firmward.model.calendar import Calendar, Entry, State
from firmward.model.location import Location

ROOT = "camera.img/rootfs_a"
RELEASE = Location("etc/os-release", part=ROOT)
HOSTILE = "<script>alert(1)</script>\u202e'\"&"
ENTRIES = (
    Entry("component", "openssl", "OpenSSL", "1.1.1w", State.PAST, "1.1.1", "2023-09-11", by="OpenSSL"),
    Entry(
        "kernel", "linux", "Linux", "5.4.302-imx-board-support-package-2.1", State.PAST, "5.4", "2025-12-03",
        by="kernel.org", at=Location(part="camera.img/boot/Image.gz"),
    ),
    Entry("boot-loader", "u-boot", "U-Boot", "2024.10", State.PAST, "2024.10", "2026-10-01", True, "U-Boot"),
    Entry("distribution", "yocto", "Yocto Project", "5.0", State.EARLY, "5.0", "2028-04-30", by="Yocto Project",
        at=RELEASE),
    Entry("component", "openssl", "OpenSSL", "3.2.4-r0", State.EARLY, "5.0", "2028-04-30", by="Yocto Project",
        carrier="Yocto Project 5.0"),
    Entry("component", "qt", "Qt", "6.8.1", State.EARLY, "6.8", "2029-10-08", by="The Qt Company"),
    Entry("component", "x", "Longlife", "2", State.LASTS, "2", "2033-08-31", by="Somebody"),
    Entry("component", "apache", "Apache HTTP Server", "2.4.62", State.OPEN, "2.4", by="Apache"),
    Entry("component", "y", f"Box {HOSTILE}", "7", State.UNKNOWN, reason=f"nobody knows {HOSTILE}"),
)  # fmt: skip
CALENDAR = Calendar("2026-11-20", "2026-08-22", ENTRIES, "2031-06-30", ("var/lib/rpm/Packages is a database of rpm",))
