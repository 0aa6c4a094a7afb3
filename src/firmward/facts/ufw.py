"""What ufw loads at boot, carried out as commands of iptables.

Rules, from ufw(8), ufw-framework(8) and what ufw-init does. Nothing is loaded unless etc/ufw/ufw.conf says
`ENABLED=yes` or `ufw enable` is called. etc/default/ufw sets the policies of INPUT, OUTPUT and FORWARD; REJECT is DROP
with a rule that rejects what came so far. before.rules, after.rules and user.rules, and the same with a 6, are given to
`iptables-restore -n`; the user's chains are entered at the end of those before. Without `IPV6=yes` all of IPv6 but the
loopback is dropped. before.init and after.init are scripts of the maker's own where they may be executed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from firmward.facts.configuration_file import ConfigurationFiles, lines
from firmward.facts.process import Process, Start
from firmward.facts.scripts.places import executable
from firmward.formats import iptables
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAMS = ("ufw", "ufw-init")
SWITCH = "etc/ufw/ufw.conf"
DEFAULTS = "etc/default/ufw"
FOLDERS = ("etc/ufw", "lib/ufw", "var/lib/ufw")
"""Where the files of rules lie; those of the user were elsewhere before 0.35."""

ASSIGNMENT = re.compile(r"(?:export\s+)?(\w+)=[\"']?([^\"'#]*)")
HOOKS = ("INPUT", "OUTPUT", "FORWARD")
PARTS = ("before-logging", "before", "after", "after-logging", "reject", "track")
"""The chains that each hook enters, in this order."""

PLAIN = frozenset(("start", "quiet", "enable", "reload", "force-reload", "restart", "--force", "status", "verbose"))
"""Words of a command that changes no rule."""


@dataclass(frozen=True, slots=True)
class Value:
    text: str
    at: Location


def settings(tree: Tree) -> Mapping[str, Value]:
    """The variables of both files; the second is read after the first."""
    found: dict[str, Value] = {}
    for path in (DEFAULTS, SWITCH):
        for number, line in lines(tree.text(path) or ""):
            match = ASSIGNMENT.match(line)
            if match is not None:
                found[match[1]] = Value(match[2].strip(), Location(path, number))
    return found


def is_off(tree: Tree, process: Process) -> bool:
    """Whether this call loads nothing, since nobody has switched ufw on. Debian starts it wherever it is installed."""
    if process.start is Start.DISABLED:
        return True
    if "enable" in process.argv or not tree.is_file(SWITCH):
        return False
    enabled = settings(tree).get("ENABLED")
    return enabled is None or enabled.text.lower() != "yes"


def is_plain(tree: Tree, process: Process) -> bool:
    """Whether all that this call loads lies in files that are there."""
    is_known = all(word in PLAIN for word in process.argv[1:])
    return is_known and tree.is_file(SWITCH) and tree.is_file(DEFAULTS)


def load(tree: Tree, rulesets: Mapping[str, iptables.Ruleset], files: ConfigurationFiles) -> None:
    """Carry out what ufw-init does."""
    said = settings(tree)
    if _is_yes(said.get("MANAGE_BUILTINS")):
        for ruleset in rulesets.values():
            ruleset.chains.clear()
    for name in ("before.init", "after.init"):
        if executable(tree, f"etc/ufw/{name}") is not None:
            files.lose(f"etc/ufw/{name}: what the maker's own script loads is not read")
    for family, digit in (("ip", ""), ("ip6", "6")):
        if digit and not _is_yes(said.get("IPV6")):
            _close(rulesets[family], _at(said, "IPV6"))
        else:
            _Loading(tree, rulesets[family], files, said, digit).run()


def _close(ruleset: iptables.Ruleset, at: Location) -> None:
    """No IPv6 but on the loopback."""
    ruleset.chains.clear()
    for hook in HOOKS:
        iptables.command(("-P", hook, "DROP"), at, ruleset)
    iptables.command(("-A", "INPUT", "-i", "lo", "-j", "ACCEPT"), at, ruleset)
    iptables.command(("-A", "OUTPUT", "-o", "lo", "-j", "ACCEPT"), at, ruleset)


@dataclass(frozen=True, slots=True)
class _Loading:
    """One family's rules; its chains and files have its digit in their names."""

    tree: Tree
    ruleset: iptables.Ruleset
    files: ConfigurationFiles
    said: Mapping[str, Value]
    digit: str

    def run(self) -> None:
        for hook in HOOKS:
            for part in PARTS:
                self._do(hook, "-A", hook, "-j", self._chain(part, hook))
            if self._policy(hook) == "REJECT":
                self._do(hook, "-A", self._chain("reject", hook), "-j", "REJECT")
            self._do(hook, "-A", self._chain("skip-to-policy", hook), "-j", self._policy(hook))
        for name in ("before", "after", "user"):
            self._restore(name)
        for hook in HOOKS:
            self._do(hook, "-A", self._chain("before", hook), "-j", self._chain("user", hook))
            self._do(hook, "-P", hook, "ACCEPT" if self._policy(hook) == "ACCEPT" else "DROP")

    def _restore(self, name: str) -> None:
        paths = (f"{folder}/{name}{self.digit}.rules" for folder in FOLDERS)
        path = next((path for path in paths if self.tree.is_file(path)), None)
        text = self.files.main(path) if path is not None else None
        if path is not None and text is not None:
            iptables.parse(text, path, self.ruleset, iptables.Tables.KEPT)

    def _do(self, hook: str, *words: str) -> None:
        iptables.command(words, _at(self.said, f"DEFAULT_{hook}_POLICY"), self.ruleset)

    def _chain(self, part: str, hook: str) -> str:
        return f"ufw{self.digit}-{part}-{hook.lower()}"

    def _policy(self, hook: str) -> str:
        """What the device does with the rest; a policy that ufw cannot set leaves the kernel's."""
        value = self.said.get(f"DEFAULT_{hook}_POLICY")
        return value.text if value is not None and value.text in ("DROP", "REJECT") else "ACCEPT"


def _is_yes(value: Value | None) -> bool:
    return value is not None and value.text.lower() == "yes"


def _at(said: Mapping[str, Value], name: str) -> Location:
    return said[name].at if name in said else Location(DEFAULTS)
