"""Programs that start another program: what they start, and as whom.

One row each: the options that take a value, how many words stand before the program, and which of them is a user. Read
from the programs' manuals. `start-stop-daemon`, `su` and the shells have a form of their own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from firmward.facts.process import is_multi_call

SHELLS = frozenset(["sh", "ash", "bash", "dash", "hush", "ksh", "mksh", "zsh", "lash", "msh"])

DAEMON_LAUNCHERS = frozenset(
    ("start-stop-daemon", "supervise-daemon", "daemon", "daemonize", "service_start", "start_daemon", "loadproc")
)
"""What starts a program that goes on running."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What is started: a program with its words, or a `script` text for a shell. None of both: nothing."""

    argv: tuple[str, ...] = ()
    user: str | None = None
    script: str | None = None


@dataclass(frozen=True, slots=True)
class Launcher:
    valued: str = ""
    operands: int = 0
    user: str = ""
    """The option whose value is the user; `operand` for the first word."""


ROWS = {
    "authbind": Launcher(),
    "builtin": Launcher(),
    "catchsegv": Launcher(),
    "cgexec": Launcher("-g"),
    "chpst": Launcher("-u -U -b -/ -C -n -m -d -o -p -f -c -t -r -l -L -e", user="-u"),
    "chroot": Launcher("--userspec --groups", operands=1, user="--userspec"),
    "chrt": Launcher("-T -P -D", operands=1),
    "command": Launcher(),
    "daemon": Launcher("--user --pidfile --check --name --nicelevel --chdir -u", user="--user"),
    "daemonize": Launcher("-a -c -e -E -l -o -p -u", user="-u"),
    "dbus-launch": Launcher(),
    "dbus-run-session": Launcher("--config-file"),
    "doas": Launcher("-u -C", user="-u"),
    "env": Launcher("-u -C -S --unset --chdir"),
    "envdir": Launcher(operands=1),
    "exec": Launcher("-a"),
    "fakeroot": Launcher("-l -s -i"),
    "flock": Launcher("-w -E --timeout", operands=1),
    "gosu": Launcher(operands=1, user="operand"),
    "ionice": Launcher("-c -n -p --class --classdata"),
    "loginctl": Launcher(),
    "nice": Launcher("-n --adjustment"),
    "nohup": Launcher(),
    "prlimit": Launcher("-p -o --pid --output"),
    "numactl": Launcher("-N -m -C -p -l --cpunodebind --membind --physcpubind"),
    "runuser": Launcher("-u -g --user --group", user="-u"),
    "s6-setuidgid": Launcher(operands=1, user="operand"),
    "schedtool": Launcher("-n -a -p"),
    "service_start": Launcher(),
    "setlock": Launcher(operands=1),
    "setpriv": Launcher(
        "--reuid --regid --ruid --euid --rgid --egid --groups --inh-caps --ambient-caps --bounding-set --securebits"
        " --pdeathsig --ptracer --selinux-label --apparmor-profile --seccomp-filter --landlock-access --landlock-rule",
        user="--reuid",
    ),
    "setsid": Launcher(),
    "setuidgid": Launcher(operands=1, user="operand"),
    "softlimit": Launcher("-a -c -d -f -l -m -o -p -r -s -t"),
    "start_daemon": Launcher("-n -p"),
    "stdbuf": Launcher("-i -o -e --input --output --error"),
    "strace": Launcher("-o -e -p -s -u", user="-u"),
    "su-exec": Launcher(operands=1, user="operand"),
    "sudo": Launcher("-u -g -h -p -C -r -t -T -U -D --user --group", user="-u"),
    "systemd-inhibit": Launcher("--what --who --why --mode"),
    "systemd-run": Launcher(
        "-p -u -E -H -M -t -d --property --unit --description --slice --setenv --uid --gid --nice --working-directory"
        " --service-type --on-active --on-boot --on-startup --on-unit-active --on-calendar --timer-property --host"
        " --machine --path-property --socket-property",
        user="--uid",
    ),
    "taskset": Launcher(operands=1),
    "time": Launcher("-f -o"),
    "timeout": Launcher("-s -k --signal --kill-after", operands=1),
    "unshare": Launcher("-S -G -R -w --setuid --setgid --root --wd"),
    "ujail": Launcher("-d -e -S -C -n -h -r -w -U -G -R -O -T -J -P -t", user="-U"),
    "xvfb-run": Launcher("-e -f -n -p -s -w"),
}

BWRAP_TAKES = {
    1: """--args --argv0 --userns --userns2 --pidns --uid --gid --hostname --chdir --unsetenv --lock-file --sync-fd
    --remount-ro --exec-label --file-label --proc --dev --tmpfs --mqueue --dir --seccomp --add-seccomp-fd --block-fd
    --userns-block-fd --info-fd --json-status-fd --cap-add --cap-drop --perms --size --overlay-src --tmp-overlay
    --ro-overlay""",
    2: """--setenv --bind --bind-try --dev-bind --dev-bind-try --ro-bind --ro-bind-try --bind-fd --ro-bind-fd --file
    --bind-data --ro-bind-data --symlink --chmod""",
    3: "--overlay",
}
"""How many words the options of bwrap(1) take; those not told take none."""

_BWRAP = {option: count for count, names in BWRAP_TAKES.items() for option in names.split()}

CONTROLS = {"apachectl": "/usr/sbin/apache2", "apache2ctl": "/usr/sbin/apache2"}
"""Scripts that start a daemon of another name, in ways of their own that only the device could follow."""

_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_LONG_USER = {"-u": "--user", "--user": "-u"}


def unwrap(argv: Sequence[str]) -> Launch | None:
    """What this command line starts in turn; None when it starts itself."""
    name = argv[0].rpartition("/")[2]
    if is_multi_call(name) and len(argv) > 1:
        inner = argv[1]
        return Launch(tuple(argv[1:])) if _is_launcher(inner) else None
    if name in ("start-stop-daemon", "supervise-daemon"):
        return _start_stop_daemon(name, argv[1:])
    if name in ("su", "runuser") and "-u" not in argv:
        return _su(argv[1:])
    if name == "bwrap":
        return _bwrap(argv[1:])
    if name in CONTROLS and {"start", "startssl", "graceful", "restart"} & set(argv[1:]):
        return Launch((CONTROLS[name], "-k", "start"))
    row = ROWS.get(name)
    return None if row is None else _by_row(row, argv[1:])


def _is_launcher(name: str) -> bool:
    return name in ROWS or name in ("start-stop-daemon", "su", "runuser") or name in SHELLS


def options(words: Sequence[str], valued: str) -> tuple[dict[str, str], list[str]]:
    """The options before the first other word, and the words behind them."""
    takes = valued.split()
    found: dict[str, str] = {}
    rest = list(words)
    while rest and len(rest[0]) > 1 and rest[0][0] in "-+":
        word = rest.pop(0)
        if word == "--":
            break
        name, value = _option(word, takes)
        found[name] = rest.pop(0) if value is None and rest else value or ""
    return found, rest


def _option(word: str, takes: Sequence[str]) -> tuple[str, str | None]:
    """The option in a word with its value: None when the next word is the value."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None if name in takes else ""
    for index, sign in enumerate(word[1:], 2):
        if "-" + sign in takes:
            return "-" + sign, word[index:] or None
    return word, ""


def _by_row(row: Launcher, words: Sequence[str]) -> Launch:
    found, rest = options(words, row.valued)
    user = found.get(row.user) or found.get(_LONG_USER.get(row.user, ""))
    if row.user == "operand" and rest:
        user = rest[0]
    rest = rest[row.operands :]
    while rest and _SETTING.match(rest[0]):
        rest.pop(0)
    return Launch(tuple(rest), _user(user))


def _bwrap(words: Sequence[str]) -> Launch:
    """The program behind the options, of which some take several words."""
    place = 0
    while place < len(words) and words[place].startswith("-"):
        if words[place] == "--":
            return Launch(tuple(words[place + 1 :]))
        place += 1 + _BWRAP.get(words[place], 0)
    return Launch(tuple(words[place:]))


def _user(text: str | None) -> str | None:
    """The user in `user:group`."""
    user = text.partition(":")[0] if text else ""
    return "root" if user == "0" else user or None


_SSD_VALUED = """-x --exec -a --startas -n --name -p --pidfile -c --chuid -u --user -g --group -r --chroot -d --chdir -N
--nicelevel -P --procsched -I --iosched -k --umask -s --signal -R --retry -O --output -1 --stdout -2 --stderr -e --env
-w --wait -D --respawn-delay -m --respawn-max -b --ppid"""
_OPENRC_ONLY = "-1 -2 -e -w -D -m -b -R"


def _start_stop_daemon(name: str, words: Sequence[str]) -> Launch:
    """Debian's, BusyBox's and OpenRC's. The program is `--startas`, else `--exec`, else (OpenRC) the first word."""
    own = set() if name == "supervise-daemon" else set(_OPENRC_ONLY.split())
    valued = " ".join(option for option in _SSD_VALUED.split() if option not in own or option == "-R")
    found, flags, rest = _ssd_options(words, valued.split())
    if flags & {"-K", "--stop", "-T", "--status", "-t", "--test"}:
        return Launch()
    program = found.get("-a") or found.get("--startas") or found.get("-x") or found.get("--exec")
    user = found.get("-c") or found.get("--chuid") or _openrc_user(found)
    argv = (program, *rest) if program else tuple(rest)
    return Launch(argv, _user(user))


def _openrc_user(found: dict[str, str]) -> str | None:
    """OpenRC's `--user` is who runs the program; elsewhere it only says whose process to look for."""
    user = found.get("--user")
    return user if user and "-c" not in found else None


def _ssd_options(words: Sequence[str], takes: Sequence[str]) -> tuple[dict[str, str], set[str], list[str]]:
    """Options, flags (clusters such as -Sbm taken apart), and the program's own words."""
    found: dict[str, str] = {}
    flags: set[str] = set()
    rest = list(words)
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        word = rest.pop(0)
        if word == "--":
            break
        name, value = _option(word, takes)
        if name in takes:
            found[name] = rest.pop(0) if value is None and rest else value or ""
        flags |= _flags(word, name)
    return found, flags, rest


def _flags(word: str, name: str) -> set[str]:
    """The options in a cluster, up to the one that takes a value."""
    if word.startswith("--"):
        return {name}
    return {"-" + sign for sign in (word[1:].partition(name[1])[0] + name[1] if len(name) == 2 else word[1:])}


def _su(words: Sequence[str]) -> Launch:
    """`su [-] [user] [-c command]`, options before or behind the user."""
    user = None
    script = None
    rest = [word for word in words if word not in ("-", "-l", "--login", "-m", "-p")]
    while rest:
        word = rest.pop(0)
        if word in ("-c", "--command", "-s", "--shell", "-g", "-G") and rest:
            value = rest.pop(0)
            script = value if word in ("-c", "--command") else script
        elif word == "--":
            break
        elif not word.startswith("-") and user is None:
            user = word
    return Launch(user=user or "root", script=script)


def shell_call(words: Sequence[str]) -> Launch | None:
    """What a shell is asked to run: a text, or a script with its arguments; None when it is interactive."""
    rest = list(words)
    while rest and rest[0][:1] in "-+" and len(rest[0]) > 1:
        word = rest.pop(0)
        if not word.startswith("--") and "c" in word[1:] and rest:
            return Launch(tuple(rest[1:]), script=rest[0])
        if word in ("-o", "+o", "-O") and rest:
            rest.pop(0)
    return Launch(tuple(rest)) if rest and rest[0] != "-" else None
