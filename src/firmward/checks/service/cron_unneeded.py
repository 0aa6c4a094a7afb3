"""cron-unneeded"""

from dataclasses import replace

from firmward.checks.service.cures.fencing import TO_ROOT, fenced
from firmward.facts.jobs import Job, JobFile, Jobs
from firmward.facts.writable import Ground, Opening, Writable
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Content, Node, executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage
from firmward.model.tree import Kind

READ_ONLY = "/dev/mmcblk0p2 / squashfs ro 0 0\n/dev/mmcblk0p4 /data ext4 nosuid,nodev 0 2\n"
PASSWD = "root:x:0:0::/root:/bin/sh\ncam:x:990:990::/:/bin/false\n"  # noqa: S105 - the account's line
ELF = executable(b"\x7fELF\x02\x01\x01")
CROND: dict[str, Content] = {
    "etc/inittab": "::sysinit:/bin/mount -a\n::respawn:/usr/sbin/crond -f\n",
    "usr/sbin/crond": ELF,
}
SYSTEMD: dict[str, Content] = {
    "usr/lib/systemd/systemd": ELF,
    "sbin/init": link("../usr/lib/systemd/systemd"),
    "etc/systemd/system/default.target": "[Unit]\nWants=clean.timer\n",
    "etc/systemd/system/clean.timer": "[Timer]\nOnCalendar=daily\n",
    "etc/systemd/system/clean.service": "[Service]\nType=oneshot\nExecStart=/opt/cam/clean\n",
}
MOVE = Remedy(
    "Run jobs from the read-only, verified part alone, or remove the job if the product does not need it",
    Safety.MANUAL,
    Stage.SOURCE,
)


@check(
    title="A job runs what others can write",
    severity=Severity.MEDIUM,
    practice="P15",
    cwe=732,
    bad=(
        Example({
            **CROND,
            "etc/crontabs/root": "0 * * * * /srv/clean.sh\n",
            "srv/clean.sh": executable("#!/bin/sh\n", 0o777),
        }),
        Example({
            **SYSTEMD,
            "etc/passwd": PASSWD,
            "opt/cam": Node(kind=Kind.DIRECTORY, mode=0o755, uid=990),
            "opt/cam/clean": ELF,
        }),
        Example({
            **CROND,
            "etc/fstab": READ_ONLY,
            "etc/cron.d/cam": "0 3 * * * root [ -x /data/job ] && /data/job\n",
        }),
        Example({
            **CROND,
            "etc/passwd": PASSWD,
            "etc/periodic/daily/cam": executable("#!/bin/sh\npython3 /opt/cam/report.py\n"),
            "opt/cam/report.py": Node("print()\n", 0o644, uid=990),
        }),
    ),
    good=(
        Example({
            **CROND,
            "etc/fstab": READ_ONLY,
            "etc/passwd": PASSWD,
            "etc/crontabs/root": "0 * * * * run-parts /etc/periodic/hourly\n*/5 * * * * tar -cf /data/b.tar /data/b\n",
            "etc/periodic/hourly/clean": executable("#!/bin/sh\nrm -rf /tmp/old\n"),
            "var/spool/cron/crontabs/cam": "@daily /opt/cam/own\n",
            "opt/cam/own": Node(b"\x7fELF\x02\x01\x01", 0o755, uid=990),
        }),
        Example({**SYSTEMD, "etc/passwd": PASSWD, "opt/cam/clean": ELF}),
    ),
)  # fmt: skip
def cron_unneeded(jobs: Jobs, writable: Writable, policy: Policy | None) -> Findings:
    """A job runs without anybody looking, again and again, mostly as root. If somebody else may write its script, a
    folder above it or what it runs in turn, he has these rights at the next full hour; and on a read-only system a
    job that runs files of the data partition brings back whatever was once put there. A job without need is best
    removed.
    """
    unread = [*jobs.unread, *writable.unread]
    told: set[str] = set()
    for job in jobs.jobs:
        for file in job.files:
            for key, finding in _judged(job, file, writable.root, policy):
                if key not in told:
                    told.add(key)
                    yield finding
            if _is_outside(file) and writable.root is Ground.UNKNOWN:
                unread.append(f"/{file.path} is on a writable file system; whether the root is read-only is not known")
    if unread:
        raise Unavailable("; ".join(dict.fromkeys(unread[:5])))


def _judged(job: Job, file: JobFile, root: Ground, policy: Policy | None) -> list[tuple[str, Finding]]:
    others = [opening for opening in file.standing.openings if opening.who != f"the user {job.user}"]
    is_misplaced = _is_outside(file) and root in (Ground.FIXED, Ground.VOLATILE)
    found = [(opening.path, _open(job, file, opening, policy)) for opening in others]
    if is_misplaced or (_is_outside(file) and _becomes_fixed(policy)):
        # who may write it now is the lesser part: it has to lie elsewhere
        found = [(path, replace(one, remedy=MOVE) if path == file.path else one) for path, one in found]
    if is_misplaced and not any(path == file.path for path, _ in found):
        outside = _outside(job, file)
        found.append((outside.key, outside))
    return found


def _becomes_fixed(policy: Policy | None) -> bool:
    """Whether the root will be read-only once it is as the policy wants it."""
    wanted = None if policy is None or policy.filesystem is None else policy.filesystem.verified
    return wanted in ("verity", "package")


def _is_outside(file: JobFile) -> bool:
    return file.standing.ground is Ground.WRITABLE and file.standing.mount is not None


def _open(job: Job, file: JobFile, opening: Opening, policy: Policy | None) -> Finding:
    what = "it" if file.standing.leads == opening.path else f"/{file.path}"
    return Finding(
        opening.path,
        f"{opening.who} may write /{opening.path} ({opening.mode:04o}), and a job of {job.user} runs {what} ({job.at})",
        at=Location(opening.path),
        remedy=fenced(opening.path, opening.mode & ~0o022, policy, owner=0, by=TO_ROOT),
        severity=_severity(job),
    )


def _outside(job: Job, file: JobFile) -> Finding:
    return Finding(
        f"{file.path} on {file.standing.mount}",
        f"a job of {job.user} runs /{file.path} from {file.standing.mount}, a writable file system ({job.at})",
        at=job.at,
        remedy=MOVE,
        severity=_severity(job),
    )


def _severity(job: Job) -> Severity | None:
    return None if job.runs else Severity.LOW
