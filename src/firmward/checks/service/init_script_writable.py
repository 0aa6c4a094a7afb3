"""init-script-writable"""

from firmward.checks.service.cures.fencing import TO_ROOT, fenced
from firmward.checks.service.cures.unlinking import unlinked
from firmward.facts.hooks import Hooks
from firmward.facts.init_scripts import InitFile, InitScripts
from firmward.facts.writable import Ground, Opening, Writable
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Node, executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage
from firmward.model.tree import Kind

SCRIPT = "#!/bin/sh\n/usr/bin/cam &\n"
READ_ONLY = "/dev/mmcblk0p2 / squashfs ro 0 0\n/dev/mmcblk0p4 /data ext4 nosuid,nodev 0 2\n"
PASSWD = "root:x:0:0::/root:/bin/sh\nwww:x:33:33::/var/www:/bin/false\n"  # noqa: S105 - the account's line
INIT = "::sysinit:/etc/init.d/rcS\n"
ELF = executable(b"\x7fELF\x02\x01\x01")
MOVE = Remedy(
    "Start programs and scripts from the read-only, verified part alone; let data set values, not commands",
    Safety.MANUAL,
    Stage.SOURCE,
)


@check(
    title="What init runs as root can be changed by others",
    severity=Severity.HIGH,
    practice="P15",
    cwe=732,
    bad=(
        Example({"etc/inittab": INIT, "etc/init.d/rcS": Node(SCRIPT, 0o777)}),
        Example({
            "etc/inittab": INIT,
            "etc/passwd": PASSWD,
            "etc/group": "www:x:33:\n",
            "etc/init.d/rcS": executable("#!/bin/sh\n/opt/cam/start.sh\n"),
            "opt/cam": Node(kind=Kind.DIRECTORY, mode=0o775, gid=33),
            "opt/cam/start.sh": executable(SCRIPT),
        }),
        Example({
            "etc/inittab": INIT + "::sysinit:/bin/mount -a\n",
            "etc/fstab": READ_ONLY,
            "etc/init.d/rcS": executable("#!/bin/sh\n[ -x /data/start.sh ] && /data/start.sh\n. /data/settings\n"),
        }),
        Example({
            "usr/lib/systemd/systemd": ELF,
            "sbin/init": link("../usr/lib/systemd/systemd"),
            "etc/passwd": PASSWD,
            "etc/systemd/system/default.target": "[Unit]\nWants=cam.service\n",
            "etc/systemd/system/cam.service": "[Service]\nExecStart=/opt/cam/cam\n",
            "opt/cam/cam": Node(b"\x7fELF\x02\x01\x01", 0o755, uid=33),
        }),
        Example({
            "etc/rc.common": "",
            "etc/fstab": "",
            "etc/passwd": PASSWD,
            "etc/init.d/cam": Node("#!/bin/sh /etc/rc.common\nstart() { /usr/bin/cam; }\n", 0o755, uid=33),
            "etc/rc.d/S50cam": link("../init.d/cam"),
        }),
    ),
    good=(
        Example({
            "etc/inittab": INIT,
            "etc/init.d/rcS": executable(SCRIPT),
            "tmp": Node(kind=Kind.DIRECTORY, mode=0o1777),
        }),
        Example({
            "etc/inittab": INIT + "::sysinit:/bin/mount -a\n",
            "etc/fstab": READ_ONLY,
            "etc/passwd": PASSWD,
            "etc/group": "www:x:33:\nstaff:x:50:\n",
            "etc/init.d/rcS": executable("#!/bin/sh\n[ -f /data/c ] && cat /data/c > /tmp/c\n/opt/cam\n"),
            "opt/cam": Node(b"\x7fELF\x02\x01\x01", 0o775, gid=50),
            "data/www": Node(kind=Kind.DIRECTORY, mode=0o777, uid=33),
        }),
    ),
)  # fmt: skip
def init_script_writable(
    scripts: InitScripts, hooks: Hooks | None | Unknown, writable: Writable, policy: Policy | None
) -> Findings:
    """What init runs as root must be in root's hands and, where the root file system is read-only, must lie there:
    one line in such a script survives every reboot, and every update of the verified part. A service's user or group
    that may write a script, its folder, or the program that a unit starts is root at the next boot. A script that is
    only installed is milder.
    """
    yield from _opened(scripts, hooks, policy)
    told = {file.path for file in scripts.files}
    moved = [file for file in scripts.files if file.starts and file.standing.ground is Ground.WRITABLE]
    moved = [file for file in moved if file.standing.mount is not None]
    is_fixed = writable.root in (Ground.FIXED, Ground.VOLATILE)
    for file in moved:
        if is_fixed or writable.is_led_out(file.standing):
            yield _moved(file, is_fixed)
    for hook in hooks.hooks if isinstance(hooks, Hooks) else ():
        if hook.program == "init" and writable.is_led_out(hook.standing) and hook.path not in told:
            yield _moved(InitFile(hook.path, "at boot", hook.standing), is_fixed)
    unread = [*scripts.unread, *([hooks.reason] if isinstance(hooks, Unknown) else hooks.unread if hooks else [])]
    if moved and writable.root is Ground.UNKNOWN:
        unread.append(f"/{moved[0].path} lies on a writable file system; whether the root is read-only is not known")
    if unread:
        raise Unavailable("; ".join(unread[:5]))


def _opened(scripts: InitScripts, hooks: Hooks | None | Unknown, policy: Policy | None) -> Findings:
    """Each open path once, with the first use."""
    told: set[str] = set()
    uses = [(file.path, file.by, file.starts, file.standing.openings) for file in scripts.files]
    if isinstance(hooks, Hooks):
        own = (hook for hook in hooks.hooks if hook.program == "init")
        uses += [(hook.path, "at boot", True, hook.standing.openings) for hook in own]
    for path, by, starts, openings in uses:
        for opening in openings:
            if opening.path not in told:
                told.add(opening.path)
                yield _open(path, by, opening, None if starts else Severity.MEDIUM, policy)


def _open(path: str, by: str, opening: Opening, severity: Severity | None, policy: Policy | None) -> Finding:
    what = "it" if path == opening.path else f"/{path}"
    return Finding(
        opening.path,
        f"{opening.who} may write /{opening.path} ({opening.mode:04o}), and root runs {what} {by}",
        at=Location(opening.path),
        remedy=fenced(opening.path, opening.mode & ~0o022, policy, owner=0, by=TO_ROOT),
        severity=severity,
    )


def _moved(file: InitFile, is_fixed: bool) -> Finding:
    """Less grave where the root is as open, and for another user than root."""
    grave, milder = (None, Severity.MEDIUM) if is_fixed else (Severity.MEDIUM, Severity.LOW)
    leads = "" if file.path == file.standing.leads else f", which leads to /{file.standing.leads}"
    return Finding(
        file.path,
        f"{file.user} runs /{file.path}{leads} {file.by}: it lies on {file.standing.mount}, which is writable",
        at=file.at or Location(file.path),
        remedy=unlinked((file.standing,), MOVE),
        severity=grave if file.user == "root" else milder,
    )
