"""Systems by their age: what is past its end, and what those who made it still mend."""

from firmward.model.memory import Content
from systems.debian import BASE
from systems.row import System


def made(release: str, **files: Content) -> dict[str, Content]:
    paths = {"dpkg": "var/lib/dpkg/status", "apk": "usr/lib/apk/db/installed"}
    return {**BASE, "etc/os-release": release, **{paths[word]: content for word, content in files.items()}}


def modules(release: str) -> dict[str, Content]:
    return {f"usr/lib/modules/{release}/modules.order": ""}


def installed(*packages: str) -> str:
    pairs = (one.split() for one in packages)
    return "\n".join(f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n" for name, version in pairs)


BOOKWORM, BUSTER = "ID=debian\nVERSION_ID=12\n", "ID=debian\nVERSION_ID=10\n"
OWN = 'ID=boxos\nVERSION_ID="3.1"\n'
CRYPTO = b"\x7fELF\0\0OpenSSL 1.1.1w  11 Sep 2023\0"

SYSTEMS = (
    System(
        "life-debian-keeps-what-its-makers-have-left",
        made(BOOKWORM, dpkg=installed("openssl 3.0.17-1~deb12u3", "python3 3.11.2-1+b1")) | modules("6.1.0-40-arm64"),
    ),
    System(
        "life-debian-is-past-its-end",
        made(BUSTER, dpkg=installed("openssl 1.1.1n-0+deb10u6")) | modules("4.19.0-27-armmp"),
        found=(("component-end-of-life", "debian-10"), ("kernel-end-of-life", "10")),
    ),
    System(
        "life-own-build-with-what-nobody-mends",
        made(OWN) | modules("4.14.98-imx") | {"usr/lib/libcrypto.so.1.1": CRYPTO},
        found=(("component-end-of-life", "openssl-1.1.1"), ("kernel-end-of-life", "4.14")),
    ),
    System(
        "life-no-long-term-kernel",
        made(OWN) | modules("7.2.1"),
        found=(("kernel-end-of-life", "7.2"),),
    ),
    System(
        "life-kernel-ends-before-the-product",
        made(OWN) | modules("6.6.60"),
        found=(("kernel-end-of-life", "6.6"),),
    ),
    System(
        "life-kernel-of-the-civil-infrastructure-platform",
        made(OWN) | modules("5.10.200-cip40-rt16"),
    ),
    System(
        "life-a-system-that-ends-before-the-product",
        made("ID=alpine\nVERSION_ID=3.22.1\n", apk="P:openssl\nV:3.5.1-r0\n") | modules("6.12.31-0-lts"),
        found=(("support-outlives-component", "alpine-3.22"), ("kernel-end-of-life", "3.22")),
    ),
    System(
        "life-a-kernel-that-is-newer-than-the-facts",
        made(OWN) | modules("7.4.1"),
        unknown=("kernel-end-of-life",),
    ),
)
