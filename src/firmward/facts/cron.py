"""What cron starts at boot: `@reboot` lines.

Rules, from crontab(5): etc/crontab and etc/cron.d name a user in each line (a name with a dot or a tilde in cron.d is
left out); the tables in var/spool/cron belong to the user whose name they have. Whether cron runs, startup.py knows:
the processes here start at boot, as if it did. BusyBox's crond knows `@reboot` as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.process import Manager, Process
from firmward.facts.scripts.walk import Origin, Walk
from firmward.formats import crontab
from firmward.model.location import Location
from firmward.model.tree import Tree

SYSTEM = ("etc/crontab", "etc/cron.d/*")
USERS = ("var/spool/cron/crontabs/*", "var/spool/cron/*", "etc/crontabs/*", "etc/cron/crontabs/*")


@dataclass(frozen=True, slots=True)
class CronReboot:
    """`processes` are what the `@reboot` lines start; `scripts` the paths of the scripts that run.

    `unread` says in words what could not be worked out.
    """

    processes: tuple[Process, ...]
    scripts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree) -> CronReboot | None:
    walk = Walk(tree)
    for path, job in _jobs(tree):
        if job.when == "@reboot":
            user = job.user or path.rpartition("/")[2]
            walk.run(("su", user, "-c", job.command), Location(path, job.line), Origin("@reboot", Manager.SCRIPT))
    return CronReboot(walk.processes, tuple(walk.scripts), tuple(walk.unread)) if walk.found else None


def _jobs(tree: Tree) -> Iterator[tuple[str, crontab.Job]]:
    for path in (path for pattern in SYSTEM for path in tree.glob(pattern)):
        if path == SYSTEM[0] or not set(path.rpartition("/")[2]) & set(".~"):
            yield from ((path, job) for job in crontab.system_jobs(tree.text(path) or ""))
    for path in (path for pattern in USERS for path in tree.glob(pattern)):
        yield from ((path, job) for job in crontab.user_jobs(tree.text(path) or ""))
