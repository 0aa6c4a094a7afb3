"""The JSON report keeps the contract and its own schema, is the same every time, and can be read back."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from report_sample import SAMPLES, SECRETS, camera

from firmward.audit.json_report import load_report, render_json, report_document, schema_document
from firmward.audit.redact import redacted
from firmward.model.errors import InputError
from firmward.model.report import Report

# the design's contract, as it was agreed; the product's own schema says more
CONTRACT = {
    "required": [
        "schema",
        "subject",
        "coverage",
        "parts",
        "chain",
        "checks",
        "findings",
        "components",
        "vulnerabilities",
        "budget",
    ],
    "properties": {
        "schema": {"const": "firmward.report/1"},
        "subject": {
            "required": ["name", "digest", "source"],
            "properties": {"source": {"enum": ["image", "live", "attested", "network"]}},
        },
        "coverage": {"required": ["judged", "unknown"], "properties": {"judged": {"type": "integer", "minimum": 0}}},
        "parts": {"type": "array", "items": {"required": ["id", "kind"]}},
        "checks": {
            "items": {
                "required": ["check", "outcome"],
                "properties": {
                    "check": {"pattern": "^[a-z0-9-]+$"},
                    "outcome": {"enum": ["pass", "fail", "notapplicable", "unknown", "error"]},
                    "parts": {"type": ["array", "object"]},
                },
            }
        },
        "findings": {
            "items": {
                "required": ["check", "key", "area", "practice", "severity", "outcome", "message", "at", "fingerprint"],
                "properties": {
                    "severity": {"enum": ["critical", "high", "medium", "low", "info"]},
                    "outcome": {"enum": ["fail", "error", "accepted"]},
                    "at": {"type": ["object", "null"]},
                    "remedy": {
                        "type": ["object", "null"],
                        "required": ["summary", "safety", "stage", "changes"],
                        "properties": {
                            "safety": {"enum": ["safe", "unsafe", "manual"]},
                            "stage": {"enum": ["source", "image", "factory"]},
                        },
                    },
                },
            }
        },
        "components": {"type": "array"},
        "vulnerabilities": {"type": "array"},
        "budget": {"properties": {"complete": {"type": "boolean"}}},
    },
}

CAMERA = camera()
EACH = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())


@EACH
def test_it_keeps_the_contract_and_its_own_schema(sample: Callable[[], Report]) -> None:
    document = json.loads(render_json(sample()))
    Draft202012Validator(CONTRACT).validate(document)
    Draft202012Validator(schema_document(), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(document)


def test_the_schema_is_one_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(schema_document())
    document = report_document(camera())
    assert set(document) == set(schema_document()["properties"])  # type: ignore[call-overload]


@EACH
def test_it_can_be_read_back(sample: Callable[[], Report]) -> None:
    report = sample()
    assert load_report(render_json(report)) == report


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_json(camera()) == render_json(camera())


def test_changes_say_their_kind() -> None:
    kinds = {
        change["kind"]
        for finding in json.loads(render_json(camera()))["findings"]
        if finding["remedy"]
        for change in finding["remedy"]["changes"]
    }
    assert kinds == {
        "set-option",
        "set-field",
        "set-mode",
        "remove",
        "remove-line",
        "disable-service",
        "add-firewall-rule",
    }


def test_it_says_what_is_unknown_and_why() -> None:
    coverage = json.loads(render_json(camera()))["coverage"]
    assert coverage["unknown"] == len(coverage["unknown_checks"]) == 4
    assert all(row["reason"] for row in coverage["unknown_checks"])


def test_no_secret_is_in_it() -> None:
    text = render_json(camera())
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("1" * 10_000, "is not JSON"),
        ("[]", "no firmward report"),
        ('{"schema": "firmward.report/2"}', "is a firmward.report/2, and this firmward reads firmward.report/1"),
        ('{"schema": "other/1"}', "no firmward report"),
        ('{"schema": "firmward.report/1"}', "subject: is required"),
    ],
)
def test_rubbish_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_report(text)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("subject", 3, "subject: expected an object"),
        ("parts", {}, "parts: expected a list"),
        ("findings", [{"check": 1}], r"findings\[0\].check: expected a text, not 1"),
        ("tool", {"version": []}, "version: expected a text"),
    ],
)
def test_a_wrong_field_is_named(place: str, value: object, said: str) -> None:
    document = report_document(CAMERA) | {place: value}
    with pytest.raises(InputError, match=said):
        load_report(json.dumps(document))


def test_an_unknown_kind_or_word_is_named() -> None:
    text = render_json(camera())
    with pytest.raises(InputError, match="kind: 'explode' is not known"):
        load_report(text.replace('"remove-line"', '"explode"', 1))
    with pytest.raises(InputError, match="'dire' is not one of critical"):
        load_report(text.replace('"severity": "high"', '"severity": "dire"', 1))


@pytest.mark.parametrize("day", ["2024-02-30", "20240227", "2024-2-7", "yesterday", "2024-06-27T00:00:00", 7, True])
def test_what_is_no_day_is_refused(day: object) -> None:
    document = json.loads(render_json(SAMPLES["with software"]()))
    document["vulnerabilities"][0]["published"] = day
    with pytest.raises(InputError, match=r"vulnerabilities\[0\].published: expected a day"):
        load_report(json.dumps(document))


def test_fields_of_later_versions_are_passed_over() -> None:
    document = report_document(CAMERA) | {"later": {"more": 1}}
    assert load_report(json.dumps(document)) == camera()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(report_document(CAMERA))), JSON)
def test_any_rubbish_in_a_field_is_an_input_error(field: str, rubbish: object) -> None:
    document = report_document(CAMERA) | {field: rubbish}
    with contextlib.suppress(InputError):
        assert isinstance(load_report(json.dumps(document)), Report)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_any_text_is_carried(text: str) -> None:
    report = redacted(replace(CAMERA, notes=(text,)))
    assert load_report(render_json(report)) == report
    render_json(report).encode("utf-8")
