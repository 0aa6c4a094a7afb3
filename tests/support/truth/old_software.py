"""Old programs and libraries, as bytes with their own words, and what is known of them: an excerpt of facts in memory.

Of every component that is not among those an answer is given too: nothing is known of it, and that is no doubt.
"""

from collections.abc import Sequence
from datetime import date

from elf_made import Made, elf
from known import Known, well_known

from firmward.facts.advisories import Advisories, Surroundings
from firmward.model.component import Component
from firmward.model.memory import Content, executable
from firmward.model.vulnerability import KnownExploited, KnownVulnerabilities, Score
from firmward.vulns.match import of_image
from firmward.vulns.rank import ranked
from firmward.vulns.record import About
from truth.row import Mistake

DAY = date(2026, 11, 20)
REMOTE = Score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "NVD")
TOLD = (
    About(
        "CVE-2014-0160",
        scores=(Score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, "NVD"),),
        exploited=KnownExploited(date(2022, 5, 4)),
    ),
    About("CVE-2021-3711", scores=(REMOTE,)),
)

OPENSSL = "usr/lib/libcrypto.so.1.0.0"
HEARTBLEED = Mistake(
    "known-vulnerability",
    "CVE-2014-0160: OpenSSL 1.0.1 to 1.0.1f",
    "openssl 1.0.1e has",
    {OPENSSL: elf(Made(soname="libcrypto.so.1.0.0", data=b"\0OpenSSL 1.0.1e 11 Feb 2013\0crypto/evp/evp_enc.c\0"))},
)


def old_dropbear(path: str) -> Mistake:
    program = elf(Made(interpreter="/lib/ld-uClibc.so.0", data=b"\0SSH-2.0-dropbear_2017.75\0Dropbear v%s\0"))
    source = "CVE-2018-15599: Dropbear up to 2018.76 tells which accounts there are"
    return Mistake("known-vulnerability", source, "dropbear_ssh 2017.75 has", {path: executable(program)})


MANIFEST = "usr/share/common-licenses/license.manifest"


def licences(openssl: str) -> dict[str, Content]:
    """What Yocto lists with COPY_LIC_MANIFEST."""
    packages = (("busybox", "1.37.0", "GPL-2.0-only"), ("openssl", openssl, "Apache-2.0"))
    return {
        MANIFEST: "\n".join(
            f"PACKAGE NAME: {name}\nPACKAGE VERSION: {version}\nRECIPE NAME: {name}\nLICENSE: {licence}\n"
            for name, version, licence in packages
        )
    }


OLD_LIST = Mistake(
    "known-vulnerability", "CVE-2021-3711: OpenSSL 1.1.1 before 1.1.1l", "openssl 1.1.1d has", licences("1.1.1d")
)


def unnamed(path: str) -> Mistake:
    """A program that no package, no list and no words tell of, in a folder of its own."""
    program = elf(Made(interpreter="/lib/ld-uClibc.so.0", data=b"\0connecting to the cloud\0"))
    source = "Cyber Resilience Act, annex I, part II (1): components are identified and documented"
    return Mistake("component-unidentified", source, path.rpartition("/")[2], {path: executable(program)})


class Excerpt(Advisories):
    """The facts of tests/data/vulns, asked as a database is."""

    def __init__(self) -> None:
        known = well_known()
        self._knowledge = Known(known.said, known.mended, known.flaws, (*TOLD, *known.told), known.covered)

    def known(self, components: Sequence[Component], surroundings: Surroundings) -> KnownVulnerabilities:
        every = list(of_image(components, self._knowledge))
        unread = tuple(f"{one.component.name}: {reason}" for one in every for reason in one.unknown)
        return KnownVulnerabilities(ranked(every, surroundings.ways), DAY, unread)
