"""Whether a release is worse than the one before, and who may say that it goes out all the same."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import stores
import typer
from ceremony import BETA, BOARD, MANIFEST, STABLE, Ceremony, begun
from report_sample import camera

from firmward.audit.json_report import load_report, render_json
from firmward.cli.release_gate import (
    Answer,
    accepted,
    answer,
    check_promoted,
    report_of,
    stop_incomplete,
    stop_unless,
    worse,
)
from firmward.model.chain import Link, State
from firmward.model.errors import InputError, TrustError
from firmward.model.finding import Outcome, Severity
from firmward.model.report import Budget, Report
from firmward.signing.release import changes
from firmward.signing.shelf import Beginning
from firmward.update.manifest import Accepted, Blob, Document, Manifest, Payload, Source, encoded

NEW = load_report(render_json(camera()))
TELNET = next(one for one in NEW.findings if one.check == "telnet-enabled")
NAME = f"telnet-enabled[{TELNET.key}]"
OLD = replace(NEW, findings=tuple(one for one in NEW.findings if one.check != "telnet-enabled"))
NOBODY = Answer({}, "")


def names(old: Report, new: Report) -> list[str]:
    return [one.name for one in worse(old, new)]


def test_what_came_or_rose_is_worse_and_what_went_is_not() -> None:
    assert names(OLD, NEW) == [NAME]
    assert names(NEW, OLD) == []
    assert names(NEW, NEW) == []
    lower = tuple(replace(one, severity=Severity.INFO) if one.check == TELNET.check else one for one in NEW.findings)
    assert names(replace(NEW, findings=lower), NEW) == [NAME]


def test_a_check_without_its_verdict_and_a_link_that_holds_less_are_worse() -> None:
    passed = next(one for one in NEW.checks if one.outcome is Outcome.PASS)
    lost = replace(passed, outcome=Outcome.UNKNOWN, reason="cannot be read", parts=())
    blind = replace(NEW, checks=tuple(lost if one is passed else one for one in NEW.checks))
    assert passed.check in names(NEW, blind)
    holds, broken = (replace(NEW, chain=(Link("root", state),)) for state in (State.VERIFIED, State.BROKEN))
    assert names(holds, broken) == ["chain[root]"]
    assert names(broken, holds) == []


def test_each_has_to_be_accepted_by_its_name_with_a_reason_and_an_owner() -> None:
    found = worse(OLD, NEW)
    told = answer([f"{NAME}=the installers need it = for now"], "J. Roe")
    assert accepted(found, told, (), NEW) == (Accepted(NAME, "the installers need it = for now", "J. Roe"),)
    with pytest.raises(InputError, match=f"did you mean {NAME[:10]}"):
        accepted(found, answer([f"{NAME[:-2]}]=x"], "J. Roe"), (), NEW)
    for words, owner in (([f"{NAME}=x"], None), ([NAME], "me"), ([f"{NAME}= "], "me"), ([f"{NAME}=x\ny"], "me")):
        with pytest.raises(InputError, match="--accept"):
            answer(words, owner)
    with pytest.raises(InputError, match="--owner"):
        answer([f"{NAME}=x"], "x" * 129)


def test_what_is_not_accepted_ends_the_command_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    found = worse(OLD, NEW)
    with pytest.raises(typer.Exit) as left:
        stop_unless(found, (), "mend it")
    assert left.value.exit_code == 1
    assert NAME in capsys.readouterr().err
    stop_unless(found, {NAME}, "mend it")
    stop_unless((), (), "mend it")


def test_what_was_accepted_before_stays_said_while_it_is_open() -> None:
    before = (Accepted(NAME, "the installers need it", "J. Roe"), Accepted("gone[x]", "was so", "J. Roe"))
    assert accepted((), NOBODY, before, NEW) == before[:1]
    assert accepted((), NOBODY, before, OLD) == ()


def test_a_build_that_was_not_wholly_looked_at_ends_the_command_with_3() -> None:
    stop_incomplete(NEW)
    with pytest.raises(typer.Exit) as left:
        stop_incomplete(replace(NEW, budget=Budget(False, ("not done within 300 s",))))
    assert left.value.exit_code == 3


@pytest.fixture
def made(tmp_path: Path) -> Ceremony:
    with stores.cheaply():
        one = begun(tmp_path)
        one.publish(one.signed(one.delegation(BETA, "office"), "office"))
        return one


def with_report(one: Ceremony, version: str, report: Report, *taken: Accepted) -> tuple[bytes, dict[str, Beginning]]:
    blobs = {}
    made: list[Blob] = []
    for name, text in (("boot", f"boot {version}"), ("report", render_json(report))):
        path = one.folder / f"{name}-{version}"
        path.write_text(text)
        blob = Blob(path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        blobs[blob.sha256] = Beginning(path)
        made.append(blob)
    payload = Payload("boot", made[0].size, made[0].sha256, (Source("full", made[0]),))
    manifest: Manifest = replace(
        MANIFEST, version=version, payloads=(payload,), documents=(Document("report", made[1]),), accepted=taken
    )
    return encoded(manifest), blobs


def released(one: Ceremony, channel: object, version: str, report: Report, *taken: Accepted) -> None:
    content, blobs = with_report(one, version, report, *taken)
    target = BETA if channel == "beta" else STABLE
    draft = changes.released(one.state, target, content, blobs, changes.Terms(), one.now)
    with stores.cheaply():
        one.publish(one.signed(draft, "office"))


def test_a_promotion_is_held_against_what_the_other_channel_gives(made: Ceremony) -> None:
    released(made, "beta", "1.1", NEW)
    check_promoted(made.state, BETA, STABLE, BOARD)  # there is nothing yet to be worse than
    released(made, "stable", "1.0", OLD)
    with pytest.raises(typer.Exit) as left:
        check_promoted(made.state, BETA, STABLE, BOARD)
    assert left.value.exit_code == 1
    released(made, "beta", "1.2", NEW, Accepted(NAME, "the installers need it", "J. Roe"))
    check_promoted(made.state, BETA, STABLE, BOARD)


def test_a_report_that_somebody_changed_in_the_repository_judges_nothing(made: Ceremony) -> None:
    released(made, "stable", "1.0", OLD)
    state = made.state
    manifest = state.manifest(STABLE.path(BOARD), state.of_channel(STABLE).signed)
    assert manifest is not None
    found = report_of(state, manifest)
    assert found is not None
    assert found.findings == OLD.findings
    place = made.repository / "targets/blobs" / manifest.documents[0].blob.sha256
    place.write_text(render_json(NEW))
    with pytest.raises(TrustError, match=r"is not the report of 1\.0"):
        report_of(state, manifest)
    place.unlink()
    with pytest.raises(InputError):
        report_of(state, manifest)
