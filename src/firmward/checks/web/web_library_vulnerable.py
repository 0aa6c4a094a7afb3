"""web-library-vulnerable"""

from datetime import date

from firmward.checks.supply.told.vulnerable import findings
from firmward.facts.vulnerabilities import Vulnerabilities
from firmward.facts.web_libraries import WebLibraries, WebLibrary
from firmward.model.check import Example, Findings, check
from firmward.model.component import Evidence, Witness
from firmward.model.facts import Unavailable
from firmward.model.finding import Severity
from firmward.model.location import Location
from firmward.model.vulnerability import KnownVulnerabilities, Score, Vex, VexState, Vulnerability

PATH = "www/js/jquery.min.js"
LIBRARIES = WebLibraries((
    WebLibrary(
        "jquery", "3.4.1", "pkg:npm/jquery@3.4.1", "jquery", "jquery", PATH,
        Evidence(Witness.TEXT, Location(PATH, 1), "/*! jQuery v3.4.1 |"),
    ),
))  # fmt: skip
SAMPLE = Vulnerability(
    "CVE-2020-11022", "pkg:npm/jquery@3.4.1", "jquery", "3.4.1", Severity.MEDIUM, "osv",
    score=Score("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:C/C:H/I:L/A:N", 6.9), fixed=("3.5.0",), do="Update jquery to 3.5.0",
)  # fmt: skip
DECIDED = Vulnerability(
    "CVE-2020-11022", "pkg:npm/jquery@3.4.1", "jquery", "3.4.1", Severity.MEDIUM, "osv",
    vex=Vex(VexState.NOT_AFFECTED, detail="no page gives it HTML from outside"),
)  # fmt: skip


def _known(*found: Vulnerability) -> Example:
    known = KnownVulnerabilities(found, date(2026, 11, 1))
    return Example(facts=(LIBRARIES, Vulnerabilities(known, {SAMPLE.component: (PATH,)})))


@check(
    title="A JavaScript library of the device's pages has known vulnerabilities",
    severity=Severity.MEDIUM,
    practice="P22",
    cwe=1395,
    bad=_known(SAMPLE),
    good=(_known(DECIDED), _known()),
)
def web_library_vulnerable(libraries: WebLibraries, vulnerabilities: Vulnerabilities) -> Findings:
    """The libraries in a device's pages run in the browser of the administrator, with all that the administrator may
    do. A known hole in one, mostly a way to bring in foreign script, turns a link that somebody clicks or a name that
    a device on the network gives itself into new settings. Nobody updates what was copied into a folder years ago.
    Counted is what applies to the versions that the scripts themselves name; what a decision takes out does not count.
    """
    known = vulnerabilities.known
    yield from findings(vulnerabilities.of_pages, known.as_of, vulnerabilities.pages)
    doubtful = sorted({one.name for one in libraries.found if vulnerabilities.is_open(one.purl)})
    if doubtful:
        raise Unavailable(f"not all that is known could be compared with {', '.join(doubtful[:3])}")
