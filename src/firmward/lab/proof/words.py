"""The proof in words, alike in every form of it and in the terminal."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.audit.summary import Tone, plural
from firmward.lab.attacks import Result
from firmward.lab.campaign import Attempt, Run, Verdict
from firmward.lab.device import Kind
from firmward.lab.links import TITLES
from firmward.lab.proof.record import Proof


class Outcome(StrEnum):
    """Of one attack on one device, for people: it tells apart what a verdict calls failed."""

    SUCCEEDED = "succeeded"
    STOPPED = "stopped"
    DETECTED = "detected"
    UNTOLD = "not told"


SIGNS = {Outcome.SUCCEEDED: "✗", Outcome.STOPPED: "✓", Outcome.DETECTED: "✓", Outcome.UNTOLD: "?"}
ABOUT = {
    Outcome.SUCCEEDED: "the attacker got what he wanted",
    Outcome.STOPPED: "the device went on without it, or ran nothing at all",
    Outcome.DETECTED: "what was changed was read or ran, and the device ended it in time",
    Outcome.UNTOLD: "neither was seen; it counts as failed",
}
ORDER = (Outcome.SUCCEEDED, Outcome.UNTOLD, Outcome.DETECTED, Outcome.STOPPED)
"""On a device, the worst first."""


def on_twin(attempt: Attempt) -> Outcome:
    """The round counts in which it did least."""
    return _counts(attempt.plain, tuple(reversed(ORDER)))


def on_device(attempt: Attempt) -> Outcome:
    """The round counts in which it did most."""
    return _counts(attempt.hardened, ORDER)


def of_run(run: Run) -> Outcome:
    return Outcome.UNTOLD if run.result is None else Outcome(run.result.value)


def _counts(runs: tuple[Run, ...], order: tuple[Outcome, ...]) -> Outcome:
    return min((of_run(run) for run in runs), key=order.index, default=Outcome.UNTOLD)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many attacks were tried, and what came of them. `won` on the twin, the others on the device."""

    tried: int
    won: int
    stopped: int
    detected: int
    broken: int
    untold: int


def tally(proof: Proof) -> Tally:
    results = [on_device(one) for one in proof.attempts]
    return Tally(
        len(proof.attempts),
        sum(one.plain_verdict is Verdict.SUCCEEDED for one in proof.attempts),
        results.count(Outcome.STOPPED),
        results.count(Outcome.DETECTED),
        len(proof.broken()),
        results.count(Outcome.UNTOLD),
    )


def headline(proof: Proof) -> str:
    """What was proved, in one sentence without its full stop."""
    count = tally(proof)
    if not count.tried:
        return "Nothing was proved: no attack was tried"
    if count.broken:
        return f"The device does not hold: {_succeed(count.broken, count.tried)} on it"
    if count.untold:
        return f"Not proved: of {_of(count.untold, count.tried)} nothing could be told on the device"
    if count.won < count.tried:
        left = count.tried - count.won
        return f"Not proved: {_of(left, count.tried)} did not succeed on the unprotected twin"
    twin = f"{plural(count.tried, 'attack')} {'succeeds' if count.tried == 1 else 'succeed'} on the unprotected twin"
    return f"{twin}; {_held(count)}"


def _held(count: Tally) -> str:
    all_ = "it" if count.tried == 1 else "all of them"
    if count.stopped == count.tried:
        return f"the device stops {all_}"
    if count.detected == count.tried:
        return f"the device detects {all_}"
    return f"the device stops {count.stopped} and detects {count.detected}"


def _succeed(count: int, tried: int) -> str:
    return f"{_of(count, tried)} {'succeeds' if count == 1 else 'succeed'}"


def _of(count: int, tried: int) -> str:
    return f"{count} of {plural(tried, 'attack')}"


def tone(proof: Proof) -> Tone:
    count = tally(proof)
    if count.broken:
        return Tone.BAD
    if not count.tried or count.untold:
        return Tone.BLIND
    is_whole = proof.holds and not proof.not_tried and not proof.gaps() and not proof.misdrawn()
    return Tone.GOOD if is_whole else Tone.FAIR


def remarks(proof: Proof) -> Iterator[str]:
    """What a reader of the headline has to know beside it, in whole sentences."""
    count = tally(proof)
    if proof.is_interrupted:
        yield "It was interrupted."
    if count.tried and not proof.holds:
        yield f"{_succeed(count.won, count.tried)} on the twin; {_held_back(count)}."
    if proof.not_tried:
        yield f"{plural(len(proof.not_tried), 'attack')} {_was(len(proof.not_tried))} not tried."
    won = [one for one in proof.attempts if on_twin(one) is Outcome.SUCCEEDED]
    if won:
        yield _warning(len(won), sum(proof.warned(one) for one in won))
    shaky = sum(not one.is_stable for one in proof.attempts)
    if shaky:
        rounds = f"all {proof.setting.rounds} rounds; the worst counts"
        yield f"{plural(shaky, 'attack')} did not come to the same in {rounds}."


def _held_back(count: Tally) -> str:
    words = f"the device stops {count.stopped}, detects {count.detected}, falls to {count.broken}"
    return f"{words}, and of {count.untold} nothing could be told" if count.untold else words


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _warning(won: int, warned: int) -> str:
    if warned == won:
        return f"The audit of the twin had warned of {'it' if won == 1 else 'every one of them'}."
    return f"The audit of the twin had warned of {warned} of the {won} that succeed there."


def contradictions(proof: Proof) -> Iterator[str]:
    for one in proof.contradicted():
        link = TITLES[proof.attacks[one.attack].link]
        said = f"The audit calls this link verified: {link}. {one.attack} breaks it"
        yield f"{said}: a defect of firmward's own, report it."


def doubts(proof: Proof) -> Iterator[str]:
    """Where the audit of the twin said too little, or too much."""
    for one in proof.gaps():
        yield f"The audit of the twin does not warn of {one.attack}, which succeeds there."
    for one in proof.misdrawn():
        link = TITLES[proof.attacks[one.attack].link]
        yield f"The audit calls this link of the twin verified: {link}. {one.attack} strikes it and succeeds there."


def starts(proof: Proof) -> Iterator[str]:
    """How both devices start that nobody attacks."""
    for kind, name in ((Kind.PLAIN, "the unprotected twin"), (Kind.PROTECTED, "the device")):
        found = proof.baseline(kind)
        if found is None:
            yield f"{name} was not started"
        elif found.problem is None:
            yield f"{name} is healthy {found.seconds:.1f} s after power on"
        else:
            yield f"{name} does not serve: {found.problem}"


def duration(seconds: float) -> str:
    """As people say it."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def limits(proof: Proof) -> Iterator[str]:
    """What is not proved by it."""
    yield (
        "The board is a virtual one, played by QEMU. What only hardware has was not attacked: a boot ROM and its "
        "fuses, JTAG, power and clock glitches, side channels, a flash chip's own write protection."
    )
    yield (
        "The twin has the same kernel and product, a stock boot loader with its environment in flash, an unsigned "
        f"kernel image, and {_twin_root(proof)}. It shows what an attack does to a device that was not protected."
    )
    yield (
        "Stopped and detected are what was seen from outside within the time of each attack; the words of the device "
        "itself count for nothing. Another attack, or the same one done better, may still succeed."
    )
    if proof.setting.rounds == 1:
        yield "Each attack was tried once; `--rounds 5` shows whether it comes to the same each time."


def _twin_root(proof: Proof) -> str:
    if proof.setting.has_before:
        return "the system as it was before it was hardened, which can be written to"
    return "the device's own hardened system, which can be written to (`--before` gives it the one from before)"


def command(proof: Proof) -> str:
    """That makes such a proof."""
    words = ["firmward lab attack OUT"]
    words += ["--before ROOT"] if proof.setting.has_before else []
    words += ["--older OLDER"] if proof.setting.older is not None else []
    words += ["--updates UPDATES --online-keys STORE"] if proof.setting.has_updates else []
    words += [f"--rounds {proof.setting.rounds}"] if proof.setting.rounds > 1 else []
    return " ".join([*words, "-o proof.html -o proof.json -o proof.md"])


def reasons(attempt: Attempt) -> Iterator[str]:
    """Why it does not prove, device by device: the last that was seen in the first round that went wrong."""
    fine = (Result.STOPPED, Result.DETECTED)
    for name, runs, good in (("twin", attempt.plain, (Result.SUCCEEDED,)), ("device", attempt.hardened, fine)):
        poor = next((run for run in runs if run.result not in good), None)
        if poor is not None and poor.evidence:
            yield f"{name}: {poor.evidence[-1].says}"
