"""crontab lines.

Rules, from crontab(5): five fields of time or one `@word`, in system tables then a user, then the command, in which a
`%` begins what the command is fed; `NAME=value` lines set the environment.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """`when` is the `@word` or the five fields; `user` is None in a user's own table."""

    when: str
    user: str | None
    command: str
    line: int


_SETTING = re.compile(r"[A-Za-z_\"'][^=\s]*\s*=")


def system_jobs(text: str) -> tuple[Job, ...]:
    """The jobs of a table with a user in each line: etc/crontab, etc/cron.d."""
    return _jobs(text, users=1)


def user_jobs(text: str) -> tuple[Job, ...]:
    """The jobs of a user's own table."""
    return _jobs(text, users=0)


def _jobs(text: str, users: int) -> tuple[Job, ...]:
    found = []
    for number, row in enumerate(text.split("\n"), 1):
        line = row.strip()
        if not line or line.startswith("#") or _SETTING.match(line):
            continue
        times = 1 if line.startswith("@") else 5
        words = line.split(None, times + users)
        if len(words) == times + users + 1:
            user = words[times] if users else None
            command = re.split(r"(?<!\\)%", words[-1])[0].replace("\\%", "%")
            found.append(Job(" ".join(words[:times]), user, command, number))
    return tuple(found)
