"""What follows from what came of the attacks: whether it holds, what contradicts the audit, what it had not said."""

from dataclasses import replace

import pytest
from proof_sample import ATTACKS, AUDITED, WON, attempt, bad, cut_short, good, nothing_tried, proof

from firmward.lab.attacks import Result
from firmward.lab.campaign import NotTried
from firmward.lab.device import Kind
from firmward.lab.proof.record import Audited, shown
from firmward.model.chain import BOOT_LOADER, KERNEL, LINKS, UPDATES, Link, State

STOPPED, DETECTED = Result.STOPPED, Result.DETECTED


@pytest.mark.parametrize(
    ("plain", "hardened", "holds"),
    [
        (WON, (STOPPED,), True),
        (WON, (DETECTED,), True),
        (WON, WON, False),
        (WON, (None,), False),
        ((STOPPED,), (STOPPED,), False),
        ((None,), (STOPPED,), False),
    ],
)
def test_it_holds_when_each_attack_succeeds_on_the_twin_alone(
    plain: tuple[Result | None], hardened: tuple[Result | None], holds: bool
) -> None:
    assert proof(attempt("fit-unsigned", plain, hardened)).holds is holds
    assert proof(attempt("fit-byte-flip", WON, (STOPPED,)), attempt("fit-unsigned", plain, hardened)).holds is holds


def test_without_an_attack_nothing_holds() -> None:
    assert not nothing_tried().holds
    assert not cut_short().holds


def test_what_breaks_a_link_that_the_audit_calls_verified_contradicts_it() -> None:
    broke = (attempt("fit-unsigned", WON, WON), attempt("downgrade-to-old-signed", WON, WON))
    found = proof(*broke, attempt("fit-byte-flip", WON, (None,)))
    assert [one.attack for one in found.broken()] == ["fit-unsigned", "downgrade-to-old-signed"]
    # the audit calls the updates broken by itself, and of the other nothing was seen
    assert [one.attack for one in found.contradicted()] == ["fit-unsigned"]


def test_what_broke_in_one_round_of_many_contradicts_the_audit() -> None:
    assert proof(attempt("fit-unsigned", WON * 3, (STOPPED, Result.SUCCEEDED, STOPPED))).contradicted()


def test_what_succeeds_on_the_twin_without_a_warning_is_a_gap() -> None:
    unwarned = {Kind.PLAIN: replace(AUDITED[Kind.PLAIN], checks=frozenset({"uboot-shell-reachable"}))}
    found = replace(good(), audited={**AUDITED, **unwarned})
    assert [one.attack for one in found.gaps()] == [id_ for id_ in ATTACKS if id_ != "prompt-by-key-spam"]
    assert good().gaps() == ()


def test_what_does_not_succeed_on_the_twin_is_no_gap() -> None:
    silent = {**AUDITED, Kind.PLAIN: Audited()}
    for result in (STOPPED, DETECTED, None):
        assert replace(proof(attempt("fit-unsigned", (result,), (STOPPED,))), audited=silent).gaps() == ()


def test_a_link_of_the_twin_that_is_called_verified_and_falls_is_misdrawn() -> None:
    chain = (Link(BOOT_LOADER, State.VERIFIED), Link(KERNEL, State.UNVERIFIED))
    found = replace(good(), audited={**AUDITED, Kind.PLAIN: replace(AUDITED[Kind.PLAIN], chain=chain)})
    assert [one.attack for one in found.misdrawn()] == ["prompt-by-key-spam", "environment-rewrite"]
    assert good().misdrawn() == ()


def test_each_attack_lies_on_its_link() -> None:
    found = bad().struck()
    assert [one.name for one in found] == list(LINKS)
    assert {one.name: [tried.attack for tried in one.attempts] for one in found}[KERNEL] == [
        "fit-unsigned",
        "fit-byte-flip",
    ]
    last = found[-1]
    assert (last.name, last.attempts) == (UPDATES, ())
    assert [one.attack for one in last.not_tried] == ["downgrade-to-old-signed"]
    assert sum(len(one.attempts) + len(one.not_tried) for one in found) == len(ATTACKS)


def test_without_a_chain_the_links_that_are_attacked_are_left() -> None:
    assert [one.name for one in cut_short().struck()] == ["boot-loader", "kernel", "root", "plug-ins", "updates"]


def test_what_a_device_said_has_no_secret_and_lies_to_no_eye() -> None:
    said = attempt("fit-unsigned", WON, (STOPPED,), "psk=hunter2hunter2 \u202egpj.exe\x1b[2J")
    found = shown(proof(said, not_tried=(NotTried("fit-byte-flip", "password=hunter2"),)))
    seen = found.attempts[0].plain[0].evidence[-1].says
    assert "hunter2" not in seen
    assert seen.isprintable()
    assert found.not_tried[0].why == "password=…redacted"
