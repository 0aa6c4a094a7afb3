"""A proof as JSON, as HTML and as Markdown: by the schema, whole, and no word of a device is taken for mark-up."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from proof_sample import ATTACKS, HOSTILE, SAMPLES, WON, attempt, bad, cut_short, good, nothing_tried, proof
from web_page import Page

from firmward.lab.attacks import Result
from firmward.lab.campaign import NotTried
from firmward.lab.links import LINKS
from firmward.lab.proof.forms import FORMS, rendered
from firmward.lab.proof.html import to_html
from firmward.lab.proof.json_proof import record, schema_document, to_json
from firmward.lab.proof.markdown import to_markdown
from firmward.lab.proof.record import shown

ANY = st.text(st.characters(exclude_categories=()), max_size=60)


def said(text: str) -> Any:
    """A proof in which a device has said this."""
    found = attempt("fit-unsigned", WON, (Result.STOPPED,), text)
    return shown(proof(found, not_tried=(NotTried("fit-byte-flip", text),)))


# --- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
def test_it_keeps_its_schema(sample: str) -> None:
    schema = schema_document()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(to_json(SAMPLES[sample]())))


def test_the_schema_knows_all_that_an_attack_may_strike() -> None:
    assert tuple(schema_document()["$defs"]["link"]["enum"]) == LINKS


def test_the_schema_refuses_a_verdict_that_there_is_not() -> None:
    validator = Draft202012Validator(schema_document())
    for name, wrong in {"plain": "stopped", "hardened": "succeeded", "id": "Fit Unsigned", "seconds": -1}.items():
        document: Any = json.loads(to_json(good()))
        assert validator.is_valid(document)
        document["attacks"][0][name] = wrong
        assert not validator.is_valid(document), name


def test_each_attack_has_both_verdicts_its_time_and_its_evidence() -> None:
    found: Any = record(bad())
    attacks = {one["id"]: one for one in found["attacks"]}
    assert {id_: (one["plain"], one["hardened"]) for id_, one in attacks.items()} == {
        "prompt-by-key-spam": ("succeeded", "failed"),
        "environment-rewrite": ("failed", "stopped"),
        "fit-unsigned": ("succeeded", "failed"),
        "fit-byte-flip": ("succeeded", "detected"),
        "rootfs-block-flip": ("failed", "failed"),
        "hook-directory-drop": ("succeeded", "stopped"),
    }
    one = attacks["fit-byte-flip"]
    assert (one["board"], one["seconds"]) == ("qemu-arm64", 45.0)
    assert [len(one["evidence"][name]) for name in ("plain", "hardened")] == [2, 2]
    assert one["evidence"]["hardened"][0]["seen"][0] == {"at": 0.2, "witness": "attacker", "says": "wrote 4096 bytes"}
    assert found["contradicted"] == ["fit-unsigned"]
    assert [one["id"] for one in found["not_tried"]] == ["default-credentials", "downgrade-to-old-signed"]


def test_no_attack_is_left_out() -> None:
    for sample in SAMPLES.values():
        found: Any = record(sample())
        assert sorted(one["id"] for part in ("attacks", "not_tried") for one in found[part]) == sorted(ATTACKS)


# --- HTML -------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=SAMPLES)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(to_html(SAMPLES[request.param]()))


def test_it_is_well_formed_and_loads_nothing(page: Page) -> None:
    assert len(page.ids()) == len(set(page.ids()))
    page.assert_it_loads_nothing()
    page.assert_its_policy_admits_its_own_alone()


def test_links_within_lead_somewhere(page: Page) -> None:
    links = [about["href"] or "" for tag, about in page.elements if tag == "a"]
    assert links
    assert {link[1:] for link in links} <= set(page.ids())


def test_headings_go_down_step_by_step(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_every_attack_is_on_the_page_with_both_verdicts() -> None:
    text = Page(to_html(bad())).text()
    for id_, attack in ATTACKS.items():
        assert id_ in text
        assert attack.title in text
    for one in bad().attempts:
        assert ATTACKS[one.attack].case in text
    assert "Round 2: succeeded after 11.2 s" in text
    assert "a defect of firmward's own, report it." in text
    assert "The audit of the twin does not warn of fit-byte-flip" in text
    assert "The device does not hold: 1 of 6 attacks succeeds on it" in text


def test_the_chain_is_drawn_before_and_after() -> None:
    text = Page(to_html(good())).text()
    assert "Kernel with device tree and initramfs ✗ twin unverified ✓ device verified ✓ fit-unsigned" in text
    assert "First stage what the boot ROM starts ? twin unknown ? device unknown no attack on it" in text


def test_nothing_tried_is_no_good_news() -> None:
    page = to_html(nothing_tried())
    assert "Nothing was proved: no attack was tried" in page
    assert 'class="tone-blind proof"' in page
    assert "does not start even without an attack" in page


def test_interrupted_before_anything_is_a_page_too() -> None:
    text = Page(to_html(cut_short())).text()
    assert "It was interrupted." in text
    assert "not drawn" in text
    assert "the device was not started" in text


def test_what_a_device_says_is_text() -> None:
    page = Page(to_html(bad()))
    assert len(page.inline["script"]) == 1
    assert "</pre><script>alert(1)</script>" in page.text()
    assert HOSTILE not in page.text()
    assert "\\u202egpj.\\x1b[31m" in page.text()


@settings(deadline=None, max_examples=25)
@given(ANY)
def test_any_word_of_a_device_is_text(text: str) -> None:
    page = Page(to_html(said(f"{text}</pre><script>x</script>")))
    assert len(page.inline["script"]) == 1
    assert not any(name.startswith("on") for _, about in page.elements for name in about)


def test_it_is_the_same_every_time() -> None:
    assert to_html(bad()) == to_html(bad())


# --- Markdown ---------------------------------------------------------------------------------------------------------


def rows(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    ]


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_table_has_rows_of_one_width(sample: str) -> None:
    text = to_markdown(SAMPLES[sample]())
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({len(row) for row in rows(table)}) == 1


def test_the_table_names_every_attack_with_both_verdicts() -> None:
    found = {row[0].strip("`"): row for row in rows(to_markdown(bad()))}
    assert found["fit-byte-flip"][3:7] == ["Kernel", "succeeded", "detected", "45"]
    assert found["fit-unsigned"][4:6] == ["succeeded", "**succeeded**"]
    assert found["environment-rewrite"][4:6] == ["**stopped**", "stopped"]
    assert found["default-credentials"] == ["`default-credentials`", "the board has no network card"]
    assert found["Kernel"] == ["Kernel", "❌ unverified", "✅ verified", "firmward's build", "2"]
    assert set(ATTACKS) <= set(found)


@settings(deadline=None, max_examples=50)
@given(ANY)
def test_any_word_of_a_device_stays_in_its_cell(text: str) -> None:
    found = to_markdown(said(text))
    (row,) = (row for row in rows(found) if row[0] == "`fit-byte-flip`")
    assert len(row) == 2
    assert "<" not in row[1].replace("<!-- -->", "")


# --- by suffix --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMS)
def test_the_suffix_says_the_form(suffix: str) -> None:
    assert rendered(good(), Path(f"proof{suffix}")) == FORMS[suffix](good())
    assert rendered(good(), Path(f"PROOF{suffix.upper()}")) == FORMS[suffix](good())
