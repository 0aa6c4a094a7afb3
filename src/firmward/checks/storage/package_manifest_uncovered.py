"""package-manifest-uncovered"""

from collections import Counter

from firmward.facts.signed_files import SignedFiles
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Node, executable
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

PACKAGE = '[filesystem]\nverified = "package"\n'
SIGNED = (("security.ima", b"\x03\x02\x04" + b"\x0a\x0b\x0c\x0d" + b"\x00\x02" + b"\x55\x66"),)
NAMED = 3
REMEDY = Remedy(
    "Sign every executable, library, script and fixed setting (evmctl ima_sign, or rpm's file signatures) and have the "
    "kernel appraise them (ima_policy=appraise_tcb ima_appraise=enforce)",
    Safety.MANUAL,
    Stage.SOURCE,
)


@check(
    title="Files that run are in no signed manifest",
    severity=Severity.HIGH,
    practice="P13",
    cwe=353,
    bad=(
        Example({"usr/bin/camera": executable("#!/bin/sh\n")}, PACKAGE),
        Example(
            {
                "usr/bin/camera": Node("#!/bin/sh\n", 0o755, xattrs=SIGNED),
                "usr/lib/libfoo.so.1": executable("\x7fELF"),
            },
            PACKAGE,
        ),
    ),
    good=(
        Example({"usr/bin/camera": Node("#!/bin/sh\n", 0o755, xattrs=SIGNED), "usr/share/doc/x": "words\n"}, PACKAGE),
    ),
)
def package_manifest_uncovered(signed: SignedFiles, policy: Policy) -> Findings:
    """Where the root is updated package by package, no single hash covers it, and each file must be verified before it
    runs. A file that no signature covers can be changed by whoever reaches the storage, and what it starts with root's
    rights cannot be known. Executables, libraries and scripts count; data do not. What is signed is told by IMA's
    extended attributes, over the content or over the fs-verity digest, and by signatures appended to modules where the
    policy takes them (modsig); a manifest of another form is not known yet.
    """
    if policy.filesystem is None or policy.filesystem.verified != "package":
        raise NotApplicable("the policy does not verify package by package")
    folders = Counter(path.rpartition("/")[0] for path in signed.uncovered)
    for folder, number in sorted(folders.items()):
        files = [path for path in signed.uncovered if path.rpartition("/")[0] == folder]
        names = ", ".join(path.rpartition("/")[2] for path in files[:NAMED])
        more = f" and {number - NAMED} more" if number > NAMED else ""
        yield Finding(
            folder or "/",
            f"no signature covers {names}{more} in /{folder}",
            at=Location(files[0]),
            remedy=REMEDY,
        )
    if signed.unread:
        raise Unavailable("; ".join(signed.unread[:5]))
