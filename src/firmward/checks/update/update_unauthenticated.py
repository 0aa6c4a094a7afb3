"""update-unauthenticated"""

from posixpath import basename

from firmward.facts.update.own_script import NAMED
from firmward.facts.update.updater import Aspect, Remark, Server, Updater
from firmward.facts.updaters import Updaters
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content, executable
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Remove, Safety, Stage

PROGRAM = executable(b"\x7fELF")
SWUPDATE: dict[str, Content] = {
    "usr/bin/swupdate": executable(b"\x7fELF ... -N : not install a release older as"),
    "etc/systemd/system/swupdate.service": "[Service]\nExecStart=/usr/bin/swupdate -f /etc/swupdate.cfg -w '-p 8080'\n",
    "etc/swupdate.cfg": "globals : { verbose = true; };\n",
}
SIGNED = executable(b"\x7fELF ... Error: SWUpdate is built for signed images, provide a public key file.")
MENDER = (
    '{"ServerURL": "https://mender.example.com", "RootfsPartA": "/dev/mmcblk0p2", "RootfsPartB": "/dev/mmcblk0p3"%s}'
)
BOOT = "::sysinit:/etc/init.d/rcS\n"
FETCH = "#!/bin/sh\nwget -O /tmp/fw.bin http://fw.example.com/fw.bin\n"
SUM = FETCH + "wget -O /tmp/fw.md5 http://fw.example.com/fw.md5\ncd /tmp && md5sum -c fw.md5 || exit 1\n"
FLASH = "mtd write /tmp/fw.bin firmware\nreboot\n"
REPLACED = "firmward's own client updates this device, and verifies what it installs"
VERIFY = (
    "wget -O /tmp/fw.sig http://a/fw.sig\nopenssl dgst -sha256 -verify /etc/pub.pem -signature /tmp/fw.sig /tmp/fw.bin"
)


@check(
    title="Updates are installed without verifying a signature",
    severity=Severity.CRITICAL,
    practice="P26",
    cwe=347,
    bad=(
        Example({"etc/inittab": BOOT, "etc/init.d/rcS": executable(SUM + FLASH)}),
        Example({"etc/inittab": BOOT, "etc/init.d/rcS": executable(FETCH + VERIFY + "\n" + FLASH)}),
        Example({"etc/inittab": BOOT, "etc/init.d/rcS": executable("#!/bin/sh\ncurl -s http://a/run.sh | sh\n")}),
        Example(SWUPDATE),
        Example({"usr/bin/mender": PROGRAM, "etc/mender/mender.conf": MENDER % ""}),
        Example({"bin/opkg": PROGRAM, "etc/opkg/feeds.conf": "src/gz base http://feeds.example.com/base\n"}),
        Example({"etc/apt/sources.list": "deb [trusted=yes] http://a.example.com/ stable main\n"}),
        Example({"sbin/apk": PROGRAM, "etc/apk/repositories": "https://a/b\n", "etc/apk/config": "allow-untrusted\n"}),
        Example({"usr/bin/dnf": PROGRAM, "etc/yum.repos.d/a.repo": "[a]\nbaseurl=https://a.example.com/\ngpgcheck=0\n"}),
        Example({"etc/ostree/remotes.d/a.conf": '[remote "a"]\nurl=https://a.example.com/repo\ngpg-verify=false\n'}),
        Example({"sbin/sysupgrade": executable("#!/bin/sh\n. /lib/upgrade/fwtool.sh\n")}),
    ),
    good=(
        Example({
            "etc/inittab": BOOT,
            "etc/init.d/rcS": executable(FETCH + VERIFY + " || exit 1\n" + FLASH),
        }),
        Example({**SWUPDATE, "usr/bin/swupdate": SIGNED}),
        Example({
            "usr/bin/mender": PROGRAM,
            "etc/mender/mender.conf": MENDER % ', "ArtifactVerifyKeys": ["/etc/mender/key.pem"]',
        }),
        Example({
            "bin/opkg": PROGRAM,
            "etc/opkg.conf": "option check_signature\n",
            "etc/opkg/feeds.conf": "src/gz base http://feeds.example.com/base\n",
        }),
        Example({"etc/apt/sources.list": "deb [signed-by=/etc/apt/a.gpg] http://a.example.com/ stable main\n"}),
        Example({"sbin/apk": PROGRAM, "etc/apk/repositories": "https://dl-cdn.alpinelinux.org/alpine/v3.20/main\n"}),
    ),
)  # fmt: skip
def update_unauthenticated(updaters: Updaters, policy: Policy | None) -> Findings:
    """Whoever can answer in the server's place, or has got into the server, runs what he likes on every device, as root
    and for good. A checksum that comes from the same server shows damage and not who wrote it; TLS protects the way and
    not the file, so without a signature it is high instead of critical. Only a signature that the device checks with a
    public key of its own, before anything is written, keeps the fleet when the server falls.
    """
    for updater in updaters.updaters:
        for remark in updater.about(Aspect.SIGNATURE):
            yield Finding(
                f"{updater.name} {remark.key}",
                f"{updater.name} {remark.says}",
                at=remark.at,
                remedy=_replaced(updater, policy) or _remedy(remark),
                severity=remark.severity or _severity(updater),
            )
    reasons = [reason for updater in updaters.updaters for reason in updater.doubted(Aspect.SIGNATURE)]
    if reasons:
        raise Unavailable("; ".join(reasons[:5]))
    updaters.require_read()


def _severity(updater: Updater) -> Severity:
    """Where nobody is asked, or only who shows the right certificate, not everybody on the way can hand in a file."""
    return Severity.HIGH if updater.server in (Server.TLS, Server.NONE) else Severity.CRITICAL


def _replaced(updater: Updater, policy: Policy | None) -> Remedy | None:
    """What a script does that only updates, firmward's client does in its place where the policy declares that."""
    declared = policy.update.mechanism if policy is not None and policy.update is not None else None
    path = updater.name.removeprefix("script ")
    if declared != "firmward" or path == updater.name or not NAMED.search(basename(path)):
        return None
    breaks = "what only this script fetches comes no more"
    return Remedy(f"Leave it out: {REPLACED}", Safety.UNSAFE, Stage.IMAGE, (Remove(path),), breaks)


def _remedy(remark: Remark) -> Remedy:
    """Without changes it takes a key, a server or a program that only the maker has."""
    if not remark.changes:
        return Remedy(remark.instead, Safety.MANUAL, Stage.SOURCE)
    breaks = "what is not signed with a key that the device knows is installed no more"
    return Remedy(remark.instead, Safety.UNSAFE, Stage.IMAGE, remark.changes, breaks)
