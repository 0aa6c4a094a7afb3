"""What a database says of the libraries of the systems here: published vulnerabilities, with the release that mends
each, as GitHub's advisories for npm have them. Of anything else nothing is known here."""

from collections.abc import Sequence
from datetime import date

from firmward.facts.advisories import Advisories, Surroundings
from firmward.model.component import Component
from firmward.model.finding import Severity
from firmward.model.vulnerability import KnownVulnerabilities, Vulnerability

MENDED = {
    "jquery": ("CVE-2020-11022", "3.5.0"),
    "jquery-ui": ("CVE-2021-41184", "1.13.0"),
    "bootstrap": ("CVE-2019-8331", "3.4.1"),
    "handlebars": ("CVE-2019-19919", "4.3.0"),
    "moment": ("CVE-2022-24785", "2.29.2"),
    "lodash": ("CVE-2019-10744", "4.17.12"),
    "datatables.net": ("CVE-2020-28458", "1.10.22"),
}


class LibraryAdvisories(Advisories):
    """Of npm's packages in this list."""

    def known(self, components: Sequence[Component], surroundings: Surroundings) -> KnownVulnerabilities:
        del surroundings
        packages = [one for one in components if one.purl.startswith("pkg:npm/") and one.name in MENDED]
        found = (_vulnerability(one) for one in packages if _numbers(one.version) < _numbers(MENDED[one.name][1]))
        return KnownVulnerabilities(tuple(found), date(2026, 11, 1))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _vulnerability(one: Component) -> Vulnerability:
    name, fixed = MENDED[one.name]
    return Vulnerability(name, one.ref, one.name, one.version, Severity.MEDIUM, "osv", fixed=(fixed,))
