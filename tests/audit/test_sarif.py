"""SARIF holds to the schema of the standard, and a run that saw nothing does not look like a clean one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from report_sample import PARTS, SAMPLES, SECRETS, SUBJECT, camera, clean, unreadable

from firmward.audit.sarif import render_sarif
from firmward.model.report import Budget, Report

DATA = Path(__file__).parents[1] / "data" / "sarif" / "sarif-2.1.0-rtm.4.json"


def schema() -> dict[str, Any]:
    """The schema with what the final standard renamed after this state of it: a suppression's `state` to `status`."""
    document: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    suppression = document["definitions"]["suppression"]["properties"]
    suppression["status"] = suppression.pop("state")
    return document


def run(report: Report) -> dict[str, Any]:
    runs: list[dict[str, Any]] = json.loads(render_sarif(report))["runs"]
    return runs[0]


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
def test_it_is_valid(sample: Callable[[], Report]) -> None:
    validator = jsonschema.Draft4Validator(schema(), format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
    validator.validate(json.loads(render_sarif(sample())))


def test_a_report_of_nothing_at_all_is_valid() -> None:
    report = Report(SUBJECT, PARTS, (), (), Budget(complete=False, exhausted=("not done within 1 second",)))
    jsonschema.Draft4Validator(schema()).validate(json.loads(render_sarif(report)))
    assert not run(report)["invocations"][0]["executionSuccessful"]


def test_indices_lead_to_what_they_name() -> None:
    made = run(camera())
    rules = made["tool"]["driver"]["rules"]
    taxa = made["taxonomies"][0]["taxa"]
    for result in made["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        base = result["locations"][0]["physicalLocation"]["artifactLocation"].get("uriBaseId")
        assert base is None or base in made["originalUriBaseIds"]
    for rule in rules:
        for relationship in rule.get("relationships", ()):
            assert taxa[relationship["target"]["index"]]["id"] == relationship["target"]["id"]
    for artifact in made["artifacts"]:
        parent = artifact.get("parentIndex")
        assert parent is None or artifact["location"]["uri"].startswith(made["artifacts"][parent]["location"]["uri"])


def test_fingerprints_are_the_reports() -> None:
    told = [result["partialFingerprints"]["firmward/v1"] for result in run(camera())["results"]]
    assert told == [finding.fingerprint for finding in camera().findings if finding.outcome != "error"]


def test_an_accepted_risk_is_suppressed_and_an_expired_one_is_not() -> None:
    results = run(camera())["results"]
    suppressed = [result["properties"]["key"] for result in results if result.get("suppressions")]
    assert suppressed == ["udp/5353"]
    (expired,) = (result for result in results if result["ruleId"] == "ssh-password-login")
    assert "which is over" in expired["message"]["text"]


def test_success_means_that_something_was_judged_and_nothing_broke() -> None:
    assert run(clean())["invocations"][0]["executionSuccessful"]
    assert not run(unreadable())["invocations"][0]["executionSuccessful"]
    assert not run(camera())["invocations"][0]["executionSuccessful"]


def test_what_is_unknown_is_notified() -> None:
    told = run(camera())["invocations"][0]["toolExecutionNotifications"]
    assert [row["descriptor"]["id"] for row in told].count("check-unknown") == 3
    assert {row["descriptor"]["id"] for row in told} == {"check-unknown", "check-broke", "part-unread", "note"}


def test_names_from_the_image_are_no_links_and_no_uris() -> None:
    (hostile,) = (result for result in run(camera())["results"] if result["ruleId"] == "tls-weak")
    uri = hostile["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert "<" not in uri
    assert " " not in uri
    assert r"\[31m" in hostile["message"]["text"]


def test_no_secret_is_in_it() -> None:
    assert [secret for secret in SECRETS if secret in render_sarif(camera())] == []


def test_it_is_the_same_every_time() -> None:
    assert render_sarif(camera()) == render_sarif(camera())
