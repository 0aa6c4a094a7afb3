"""Proofs as campaigns leave them, and nothing was started: attacks of a catalogue of their own, and what came of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.campaign import Attempt, Baseline, NotTried, Run
from firmward.lab.device import Kind
from firmward.lab.proof.record import Audited, Proof, Setting, shown
from firmward.lab.target import Evidence, Target, Witness
from firmward.model.chain import BOOT_LOADER, BOOT_ROM, FIRST_STAGE, KERNEL, PLUG_INS, ROOT, UPDATES, Link, State

HOSTILE = "</pre><script>alert(1)</script>'\"&\u202egpj.\x1b[31m |`*_[x](javascript:1)"
"""What a device may say."""
SETTING = Setting(
    tool="0.1.0",
    product="camera",
    version="1.4.0",
    board="qemu-arm64",
    build="0f" * 32,
    machine="qemu-system-aarch64 -M virt -cpu cortex-a57 -m 256",
    day="2026-11-22",
    rounds=1,
    jobs=2,
    has_before=True,
)


def nothing(_: Target) -> Result:
    """No attack of the sample is ever run."""
    raise AssertionError


def attack(id_: str, link: str, position: Position = Position.BENCH, *, foretold: str = "fit-unsigned") -> Attack:
    title = id_.replace("-", " ").capitalize()
    does = f"takes the storage out and does the {id_}"
    return Attack(id_, title, does, position, link, f"CVE-2018-18440: {title}", (foretold,), nothing)


ATTACKS = {
    one.id: one
    for one in (
        attack("prompt-by-key-spam", BOOT_LOADER, Position.HAND, foretold="uboot-shell-reachable"),
        attack("environment-rewrite", BOOT_LOADER),
        attack("fit-unsigned", KERNEL),
        attack("fit-byte-flip", KERNEL),
        attack("rootfs-block-flip", ROOT),
        attack("hook-directory-drop", PLUG_INS),
        attack("default-credentials", PLUG_INS, Position.NETWORK, foretold="account-default-password"),
        attack("downgrade-to-old-signed", UPDATES),
    )
}
OPEN = tuple(Link(name, State.UNVERIFIED) for name in (BOOT_LOADER, KERNEL, ROOT, PLUG_INS, UPDATES))
CLOSED = tuple(Link(name, State.VERIFIED, "firmward's build") for name in (BOOT_LOADER, KERNEL, ROOT, PLUG_INS))
BEGINNING = (Link(BOOT_ROM, State.UNKNOWN), Link(FIRST_STAGE, State.UNKNOWN))
AUDITED: Mapping[Kind, Audited] = {
    Kind.PLAIN: Audited(
        (*BEGINNING, *OPEN), frozenset({"fit-unsigned", "uboot-shell-reachable", "account-default-password"})
    ),
    Kind.PROTECTED: Audited((*BEGINNING, *CLOSED, Link(UPDATES, State.BROKEN)), frozenset()),
}
BASELINES = (Baseline(Kind.PLAIN, 10.1), Baseline(Kind.PROTECTED, 11.9))


def run(result: Result | None, *says: str) -> Run:
    seen = [Evidence(0.2, Witness.ATTACKER, "wrote 4096 bytes"), *(Evidence(9.5, Witness.SERIAL, one) for one in says)]
    return Run(result, 11.25, tuple(seen))


def attempt(id_: str, plain: Iterable[Result | None], hardened: Iterable[Result | None], says: str = "seen") -> Attempt:
    return Attempt(id_, tuple(run(one, says) for one in plain), tuple(run(one, says) for one in hardened))


def proof(*attempts: Attempt, not_tried: tuple[NotTried, ...] = (), rounds: int = 1) -> Proof:
    return Proof(
        replace(SETTING, rounds=rounds), 312.4, ATTACKS, attempts, not_tried, BASELINES, AUDITED, is_interrupted=False
    )


WON = (Result.SUCCEEDED,)


def good() -> Proof:
    """All that is hoped for."""
    detected = {"rootfs-block-flip", "fit-byte-flip"}
    return proof(*(attempt(id_, WON, (Result.DETECTED if id_ in detected else Result.STOPPED,)) for id_ in ATTACKS))


def bad() -> Proof:
    """Everything that can go wrong, and a device that says what it likes."""
    tried = (
        attempt("prompt-by-key-spam", WON * 2, (Result.STOPPED, None), "neither was seen within 90 s"),
        attempt("environment-rewrite", (Result.STOPPED,) * 2, (Result.STOPPED,) * 2),
        attempt("fit-unsigned", WON * 2, (Result.STOPPED, Result.SUCCEEDED), HOSTILE),
        attempt("fit-byte-flip", WON * 2, (Result.DETECTED,) * 2),
        attempt("rootfs-block-flip", (None,) * 2, (None,) * 2, "DeviceError: it said nothing"),
        attempt("hook-directory-drop", WON * 2, (Result.STOPPED,) * 2),
    )
    said = dict(AUDITED)
    said[Kind.PLAIN] = replace(AUDITED[Kind.PLAIN], checks=frozenset({"uboot-shell-reachable"}))
    left = (
        NotTried("default-credentials", "the board has no network card"),
        NotTried("downgrade-to-old-signed", f"it was interrupted before {HOSTILE}"),
    )
    made = proof(*tried, not_tried=left, rounds=2)
    return shown(replace(made, audited=said, is_interrupted=True))


def nothing_tried() -> Proof:
    """A twin that does not start."""
    why = "its unprotected twin does not start even without an attack: the machine was switched off"
    made = proof(not_tried=tuple(NotTried(id_, why) for id_ in ATTACKS))
    return replace(made, baselines=(Baseline(Kind.PLAIN, 150.0, "the machine was switched off"), BASELINES[1]))


def cut_short() -> Proof:
    """Interrupted before anything was known."""
    made = proof(not_tried=tuple(NotTried(id_, "it was interrupted before") for id_ in ATTACKS))
    nothing_said = {kind: Audited() for kind in (Kind.PLAIN, Kind.PROTECTED)}
    return replace(made, baselines=(), audited=nothing_said, is_interrupted=True)


SAMPLES = {"good": good, "bad": bad, "nothing tried": nothing_tried, "cut short": cut_short}
