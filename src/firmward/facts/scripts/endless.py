"""Loops that never end: a script that stays in one is a service itself, whatever tools it calls in each round.

A condition that is always true is one of words that hold no variable (`true`, `:`, `[ 1 ]`), or a pause (`sleep 60`).
What leaves a loop is `break` of its own, `exit`, `return` or `exec`.
"""

from collections.abc import Iterable, Iterator

from firmward.facts.scripts.flow import Status
from firmward.formats.shell import AndOr, Case, Command, For, Group, If, Loop, Pipeline, Simple

PAUSES = frozenset(("sleep", "usleep"))
LEAVES = frozenset(("exit", "return", "exec"))

_CLIENTS = """
curl wget uclient-fetch ftpget ftpput tftp scp ssh-keygen openssl gpg gpgv usign sqlite3 jq mosquitto_pub ntpdate
ip ifconfig iw iwconfig iwgetid wpa_cli hostapd_cli ethtool mmcli qmicli uqmi nmcli gpioset gpioget i2cset i2cget devmem
mount arping snmpget
"""
CLIENTS = frozenset(_CLIENTS.split())
"""Programs that do one thing and end, so that a loop that calls them keeps none of them running."""


def is_always(loop: Loop, status: Status) -> bool:
    """Whether a loop goes on for ever as far as its condition tells; `status` is what this came to."""
    match loop.condition[-1:]:
        case (Simple(words=[program, *_], assignments=()) as last,):
            is_fixed = all(word.literal is not None for word in last.words)
            return program.literal in PAUSES or (status is True and is_fixed)
    return False


def is_left(body: Iterable[Command]) -> bool:
    """Whether anything in a loop's body leaves it."""
    return any(_leaves(command, LEAVES | {"break"}) for command in body)


def _leaves(command: Command, words: frozenset[str]) -> bool:
    if isinstance(command, Simple):
        return bool(command.words) and command.words[0].literal in words
    if isinstance(command, Loop | For):  # what breaks there ends the inner loop
        words -= {"break"}
    return any(_leaves(inner, words) for inner in _within(command))


def _within(command: Command) -> Iterator[Command]:
    """What a command holds that runs in the same shell."""
    match command:
        case AndOr(left, _, right):
            yield from (left, right)
        case Pipeline(commands):
            yield from commands if len(commands) == 1 else ()
        case Group(body) | For(_, _, body):
            yield from body
        case Loop(condition, body):
            yield from (*condition, *body)
        case If(branches, otherwise):
            yield from (inner for condition, body in branches for inner in (*condition, *body))
            yield from otherwise
        case Case(_, arms):
            yield from (inner for arm in arms for inner in arm.body)
