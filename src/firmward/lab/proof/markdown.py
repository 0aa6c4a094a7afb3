"""The proof as a page of documentation: what was attacked, what came of it, and what is not proved by it."""

from collections.abc import Iterable, Iterator

from firmward.audit.markdown import STATES, code, text
from firmward.lab.links import TITLES
from firmward.lab.proof import words
from firmward.lab.proof.record import Proof
from firmward.lab.proof.words import Outcome
from firmward.model.chain import Link


def to_markdown(proof: Proof) -> str:
    return "\n".join(_lines(proof)).rstrip() + "\n"


def _lines(proof: Proof) -> Iterator[str]:
    setting = proof.setting
    yield "# Proof under attack"
    yield ""
    yield f"**{words.headline(proof)}.** {' '.join(words.remarks(proof))}".rstrip()
    yield ""
    for said in words.contradictions(proof):
        yield f"> **{text(said)}**"
        yield ""
    yield from _section("How it was made")
    yield f"{text(f'{setting.product} {setting.version}')} on a virtual {code(setting.board)}, made by this command:"
    yield ""
    yield f"    {words.command(proof)}"
    yield ""
    yield from _made(proof)
    yield from _chain(proof)
    yield from _attacks(proof)
    yield from _notes(proof)
    yield from _section("What it does not prove")
    yield from (f"- {said}" for said in words.limits(proof))


def _section(title: str) -> tuple[str, str]:
    return f"## {title}", ""


def _made(proof: Proof) -> Iterator[str]:
    setting = proof.setting
    times = "once" if setting.rounds == 1 else f"{setting.rounds} times"
    yield f"- on {setting.day}, in {words.duration(proof.seconds)}, each attack {times}, {setting.jobs} at once"
    yield f"- firmward {text(setting.tool)}, {code(setting.machine)}"
    yield f"- the build whose `build.json` has the SHA-256 {code(setting.build)}"
    if setting.older is not None:
        yield f"- with the older build {code(setting.older)}"
    if setting.has_updates:
        yield "- with the maker's update repositories"
    yield from (f"- {text(said)}" for said in words.starts(proof))
    yield ""


def _chain(proof: Proof) -> Iterator[str]:
    struck = proof.struck()
    if not struck:
        return
    yield from _section("The chain of trust, before and after")
    yield from _table(
        ("Link", "Unprotected twin", "Device", "Verified by", "Attacks on it"),
        (
            (
                TITLES[one.name],
                _state(one.plain),
                _state(one.hardened),
                _by(one.hardened),
                str(len(one.attempts) or "–"),
            )
            for one in struck
        ),
    )


def _state(link: Link | None) -> str:
    return "–" if link is None else STATES[link.state]


def _by(link: Link | None) -> str:
    return text(link.by) if link is not None and link.by else "–"


def _attacks(proof: Proof) -> Iterator[str]:
    if not proof.attempts:
        return
    yield from _section("Attacks")
    yield from _table(
        ("Attack", "What is done", "The attacker has", "Link", "Twin", "Device", "Seconds", "Published case"),
        (
            (
                code(attack.id),
                text(attack.does),
                attack.position.value,
                TITLES[attack.link],
                _outcome(words.on_twin(one), wanted=(Outcome.SUCCEEDED,)),
                _outcome(words.on_device(one), wanted=(Outcome.STOPPED, Outcome.DETECTED)),
                f"{one.seconds:.0f}",
                text(attack.case),
            )
            for one in proof.attempts
            for attack in (proof.attacks[one.attack],)
        ),
    )
    met = sorted({words.on_device(one) for one in proof.attempts}, key=words.ORDER.index)
    yield from (f"- *{one}*: {words.ABOUT[one]}" for one in met)
    yield ""


def _outcome(outcome: Outcome, wanted: tuple[Outcome, ...]) -> str:
    return outcome.value if outcome in wanted else f"**{outcome.value}**"


def _notes(proof: Proof) -> Iterator[str]:
    doubts = tuple(words.doubts(proof))
    if doubts:
        yield from _section("What the audit of the twin has wrong")
        yield from (f"- {said}" for said in doubts)
        yield ""
    if proof.not_tried:
        yield from _section("Not tried")
        yield from _table(("Attack", "Why"), ((code(one.attack), text(one.why)) for one in proof.not_tried))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"
    yield ""
