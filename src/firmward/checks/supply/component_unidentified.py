"""component-unidentified"""

from itertools import groupby

from firmward.facts.identified import Elf, Identified, Kind, Program
from firmward.facts.package_files import PackageFiles
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

TOLD = 4
"""Files that a finding names."""
FOLDERS_LIMIT = 40
OWN = Program("opt/app/bin/camerad", Elf(64, False, "aarch64", Kind.SHARED))
STATUS = "Package: camerad\nStatus: install ok installed\nVersion: 1.4\n"
LIST = "/opt/app/bin/camerad\n"
REMEDY = Remedy(
    "Give the build's list of packages (--manifest), or build with a database of packages, or name it in an SBOM",
    Safety.MANUAL,
    Stage.SOURCE,
)


@check(
    title="Programs that no component claims",
    severity=Severity.INFO,
    practice="P16",
    cwe=1059,
    bad=Example(facts=(Identified((OWN,)),)),
    good=Example(
        {"var/lib/dpkg/status": STATUS, "var/lib/dpkg/info/camerad.list": LIST, OWN.path: b"\x7fELF"},
        facts=(Identified((OWN,)),),
    ),
)
def component_unidentified(identified: Identified, files: PackageFiles | None | Unknown) -> Findings:
    """What nobody can name nobody can look up: a program of unknown origin is in no SBOM, and a hole that is published
    for it is never matched to this device. The maker's own programs are told as well; the list of packages that the
    build has anyway says what they are. Kernel modules belong to the kernel.
    """
    owners = files.owners if isinstance(files, PackageFiles) else {}
    open_ones = [one.path for one in identified.unclaimed if one.path not in owners]
    by_folder = groupby(sorted(open_ones, key=_place), key=lambda path: _place(path)[0])
    for number, (folder, group) in enumerate(by_folder):
        if number == FOLDERS_LIMIT:
            raise Unavailable(f"more than {FOLDERS_LIMIT} folders have programs that no component claims")
        yield _finding(folder, list(group))
    unread = (files.reason,) if isinstance(files, Unknown) else () if files is None else files.unread
    if unread or identified.unread:
        raise Unavailable("; ".join((*unread, *identified.unread)[:3]))


def _place(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name


def _finding(folder: str, paths: list[str]) -> Finding:
    names = [path.rpartition("/")[2] for path in paths]
    told = ", ".join(names[:TOLD]) + (f" and {len(names) - TOLD} more" if len(names) > TOLD else "")
    one = len(paths) == 1
    return Finding(
        folder or "/",
        f"{told} in {folder or 'the root'}: no package, no list and no known words claim "
        f"{'this program or library' if one else 'these programs and libraries'}",
        at=Location(paths[0]),
        remedy=REMEDY,
        evidence=", ".join(paths[:TOLD]),
    )
