"""What a distribution says of its own packages, which counts before what others say of the upstream release.

A distribution mends a version without leaving it: Debian's 3.0.11-1~deb12u2 is an OpenSSL 3.0.11 without flaws that
OpenSSL mended in 3.0.12. So its fixed versions decide, compared as its packages are. `0` says that it never had it.
Debian's `unimportant` says that the flaw does no harm as it is built there, `end-of-life` that nobody mends it now.
Where nothing is said, the upstream release is compared, and what the distribution mended by itself is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from firmward.model.component import Component
from firmward.model.facts import Unknown
from firmward.vulns.names import is_of_kernel
from firmward.vulns.record import Fix, Knowledge, Scheme
from firmward.vulns.versions import apk, dpkg, order, rpm

NEVER = "0"
UNIMPORTANT, END_OF_LIFE = "unimportant", "end-of-life"
APK = frozenset({"alpine", "postmarketos", "wolfi", "chainguard"})
RPM = frozenset({
    "fedora", "rhel", "redhat", "centos", "rocky", "almalinux", "opensuse", "opensuse-leap", "sles", "suse", "amzn",
    "amazon", "ol", "oracle", "mageia", "openeuler", "photon", "azurelinux", "mariner",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """What the distribution says of one vulnerability: whether the package `has` it, None where that cannot be
    compared, for the `reason`; and the `fix` that says so."""

    fix: Fix
    has: bool | None
    reason: str


def scheme(distribution: str) -> Scheme:
    """How the versions of a distribution's packages are compared: opkg took dpkg's way."""
    name = distribution.partition(":")[0]
    return Scheme.APK if name in APK else Scheme.RPM if name in RPM else Scheme.DPKG


def version(component: Component) -> str:
    """The package's version, of its source where that has its own."""
    return component.source_version or component.version


def upstream(component: Component) -> str:
    """The upstream release that a component is."""
    if not component.distribution:
        return component.version
    taken = {Scheme.APK: apk.upstream, Scheme.RPM: rpm.upstream, Scheme.DPKG: dpkg.upstream}
    return taken[scheme(component.distribution)](version(component))


def words(component: Component, knowledge: Knowledge) -> Mapping[str, Word]:
    """What is said of a component, by vulnerability. Of several rows on one the one that is not mended counts."""
    if not component.distribution:
        return {}
    package = "linux" if is_of_kernel(component) else component.source or component.name
    found: dict[str, Word] = {}
    for fix in knowledge.fixes(component.distribution, (package,)):
        word = _word(fix, component)
        if fix.vulnerability not in found or word.has is not False:
            found[fix.vulnerability] = word
    return found


def _word(fix: Fix, component: Component) -> Word:
    own, name = version(component), component.distribution
    if fix.fixed == NEVER:
        return Word(fix, False, f"{name} was never affected")
    if not fix.fixed:
        left = "and does not mend it any more" if fix.urgency == END_OF_LIFE else "and has not mended it"
        return Word(fix, True, f"{name} has it in {fix.package} {left}")
    found = order.compare(scheme(name), own, fix.fixed)
    if isinstance(found, Unknown):
        return Word(fix, None, found.reason)
    return Word(fix, found < 0, f"{name} mended it in {fix.package} {fix.fixed}, and {own} is older")
