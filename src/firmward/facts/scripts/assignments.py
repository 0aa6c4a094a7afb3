"""Programs whose whole output is assignments for `eval`: what they set is not known, but that they start nothing is.

`eval $(apt-config shell NAME KEY ...)` is how Debian's and OpenWrt's own scripts read settings. One row each: how to
tell from the words which variables are set. Any other program's output may hold commands, and `eval` of it stays
unread.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from firmward.formats.shell import Pipeline, Simple, Substitution, Word, parse
from firmward.model.tree import Tree

Row = Callable[[Sequence[str]], Iterable[str] | None]
"""The variables that are set; None for a call that prints something else."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def _apt_config(words: Sequence[str]) -> Iterable[str] | None:
    """`apt-config shell NAME KEY NAME KEY ...`"""
    return words[1::2] if words[:1] == ["shell"] else None


_NGINX = (
    "UCI_CONF", "NGINX_CONF", "CONF_DIR", "LAN_NAME", "LAN_LISTEN", "LAN_SSL_LISTEN", "SSL_SESSION_CACHE_ARG",
    "SSL_SESSION_TIMEOUT_ARG", "ADD_SSL_FCT", "MANAGE_SSL",
)  # fmt: skip


def _always(*names: str) -> Row:
    return lambda words: names


def _jsonfilter(words: Sequence[str]) -> Iterable[str] | None:
    """`jsonfilter -e NAME=EXPRESSION ...`, which quotes each value; without names it prints the values alone."""
    wanted = [after for word, after in pairwise(words) if word == "-e"]
    names = [word.partition("=")[0] for word in wanted]
    return names if names and all(_NAME.fullmatch(name) for name in names) else None


ROWS: dict[str, Row] = {
    "apt-config": _apt_config,
    "jsonfilter": _jsonfilter,
    "nginx-util": lambda words: _NGINX if list(words) == ["get_env"] else None,
    "dircolors": _always("LS_COLORS"),
    "dbus-launch": _always("DBUS_SESSION_BUS_ADDRESS", "DBUS_SESSION_BUS_PID"),
    "ipcalc.sh": _always("IP", "NETMASK", "BROADCAST", "NETWORK", "PREFIX", "START", "END", "COUNT"),
    "ipcalc": _always("IP", "NETMASK", "BROADCAST", "NETWORK", "PREFIX"),
    "lesspipe": _always("LESSOPEN", "LESSCLOSE"),
    "locale": _always("LANG", "LANGUAGE", "LC_ALL"),
    "resize": _always("COLUMNS", "LINES", "TERM"),
    "ssh-agent": _always("SSH_AUTH_SOCK", "SSH_AGENT_PID"),
}


def printed(words: Sequence[Word], said: Callable[[Word], str]) -> dict[str, str] | None:
    """The variables that `eval` of these words sets, with the key each is read from; None where it may do more.

    `said` gives the text of a word in the program that prints. Behind a pipe the last program prints.
    """
    parts = [part for word in words for part in word.parts]
    if len(words) != 1 or len(parts) != 1 or not isinstance(parts[0], Substitution):
        return None
    commands = parse(parts[0].script).commands
    command = commands[0] if len(commands) == 1 else None
    if isinstance(command, Pipeline) and not command.negated:
        command = command.commands[-1]
    if not isinstance(command, Simple) or not command.words or command.assignments:
        return None
    texts = [said(word) for word in command.words]
    row = ROWS.get(texts[0].rpartition("/")[2])
    names = row(texts[1:]) if row is not None else None
    if names is None:
        return None
    keys = dict(zip(texts[2::2], texts[3::2], strict=False)) if row is _apt_config else {}
    return {name: keys.get(name, "") for name in names if _NAME.fullmatch(name)}


def is_unset(tree: Tree, key: str) -> bool:
    """Whether apt's configuration does not speak of this key, so that `apt-config` prints nothing for it.

    apt has keys of its own below `Dir` only, as far as scripts ask.
    """
    if not key.startswith("APT::"):
        return False
    word = key.split("/")[0].rpartition("::")[2].lower()
    paths = ("etc/apt/apt.conf", *tree.glob("etc/apt/apt.conf.d/*"))
    return not any(word in (tree.text(path) or "").lower() for path in paths)
