"""One HTML file that is whole, loads nothing, runs nothing but its own script, and takes no name for mark-up."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_sample import HOSTILE, PARTS, SAMPLES, SECRETS, camera, clean, composed, many, unreadable, verdicts
from web_page import Page

from firmward.audit.html import render_html, size, tree
from firmward.model.finding import Finding
from firmward.model.location import Location
from firmward.model.report import Part


@pytest.fixture(params=SAMPLES)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(render_html(SAMPLES[request.param]()))


def test_it_is_well_formed(page: Page) -> None:
    assert len(page.ids()) == len(set(page.ids()))
    names = [tag for tag, _ in page.elements]
    assert [names.count(tag) for tag in ("main", "h1", "header", "footer", "title")][:2] == [1, 1]


def test_it_loads_nothing(page: Page) -> None:
    page.assert_it_loads_nothing()


def test_its_policy_admits_its_own_style_and_script_alone(page: Page) -> None:
    page.assert_its_policy_admits_its_own_alone()


def test_links_within_lead_somewhere(page: Page) -> None:
    links = [attributes["href"] or "" for tag, attributes in page.elements if tag == "a"]
    assert {link[1:] for link in links if "=" not in link} <= set(page.ids())


def test_controls_have_names(page: Page) -> None:
    labels = sum(1 for tag, _ in page.elements if tag == "label")
    fields = sum(1 for tag, _ in page.elements if tag in {"input", "select"})
    assert labels == fields
    for tag, attributes in page.elements:
        if tag == "svg":
            assert attributes.get("aria-label") or attributes.get("aria-hidden")
        if tag == "th":
            assert attributes.get("scope")


def test_the_verdict_stands_with_its_coverage() -> None:
    text = Page(render_html(camera())).text()
    assert "Not fit to ship as it is: 6 critical and 13 high problems" in text
    assert "21 of 25 checks were judged; 4 could not be, so more may be wrong." in text
    assert "acceptance ended 2026-06-30" in text
    assert "accepted until 2027-01-31" in text


def test_nothing_read_is_no_good_news() -> None:
    text = Page(render_html(unreadable())).text()
    assert "No verdict: nothing in it could be judged" in text
    assert "This is no good news" in text
    assert "0 critical" not in text
    assert "Nothing found" not in text


def test_good_news_is_said() -> None:
    assert "Nothing found, and every check was judged" in Page(render_html(clean())).text()


def test_no_secret_is_in_it() -> None:
    assert [secret for secret in SECRETS if secret in render_html(camera())] == []


def test_a_hostile_name_is_text() -> None:
    page = Page(render_html(camera()))
    assert len(page.inline["script"]) == 1
    assert "<script>alert(1)</script>\\u202egpj.\\xff\\x1b[31m'\"&.cgi" in page.text()
    assert HOSTILE not in page.text()


ANY = st.text(st.characters(exclude_categories=()), max_size=60)


@settings(deadline=None, max_examples=40)
@given(ANY, ANY)
def test_any_name_is_text(name: str, message: str) -> None:
    place = (PARTS[5].id, "telnet-enabled")
    found = {place: (Finding(name, message, Location(name, 1), evidence=message + "</pre><script>x</script>"),)}
    page = Page(render_html(composed({PARTS[5].id: verdicts(PARTS[5].id, found)}, None, PARTS)))
    assert len(page.inline["script"]) == 1
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


def test_it_is_the_same_every_time() -> None:
    assert render_html(camera()) == render_html(camera())


def test_many_findings_stay_a_file_to_mail() -> None:
    assert len(render_html(many(1000))) < 2_000_000


def test_parts_that_hold_each_other_are_all_shown() -> None:
    loop = (Part("a", "x", "b"), Part("b", "x", "a"), Part("c", "x", "c"), Part("d/e", "x", "nowhere"))
    assert [branch.part.id for branch in tree(loop)] == ["a", "b", "c", "d/e"]


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 bytes"), (1536, "1.5 KiB"), (134_217_728, "128 MiB"), (5 << 30, "5.0 GiB")]
)
def test_sizes_as_people_say_them(count: int, said: str) -> None:
    assert size(count) == said


def test_the_layout_is_a_picture_that_can_be_read_aloud() -> None:
    page = Page(render_html(camera()))
    (levels,) = (about for tag, about in page.elements if about.get("class") == "levels")
    assert levels["aria-label"] == "Map of the image, 128 MiB"
    cells = {about["aria-label"]: about for tag, about in page.elements if "cell" in (about.get("class") or "").split()}
    assert "rootfs_a: squashfs, root, 40.0 MiB at 0x2100000" in cells
    assert cells["rootfs_b: squashfs, root, the same as rootfs_a, 40.0 MiB at 0x4900000"]["x"] == "57.031%"
    assert "erased (0xff): never written, 1.0 MiB at 0x7f00000" in cells
    (vendor,) = (name for name in cells if name and name.startswith("vendor: "))
    assert "8.00 bits per byte (random)" in vendor
    assert "unread" in (cells[vendor]["class"] or "")


def test_what_has_no_place_has_no_map() -> None:
    parts = (Part("rootfs", "folder"), *(Part(f"rootfs/{name}", "elf", "rootfs", None, 9) for name in "ab"))
    assert 'class="map"' not in render_html(composed({}, None, parts))


def test_sixty_parts_are_all_in_the_map() -> None:
    parts = [Part("i", "raw", size=60 << 16)]
    parts += [Part(f"i/{number}", "squashfs", "i", number << 16, 1 << 16) for number in range(60)]
    page = Page(render_html(composed({}, None, tuple(parts))))
    links = [
        about["href"] for tag, about in page.elements if tag == "a" and (about.get("href") or "").startswith("#p-")
    ]
    assert len(set(links)) == 60


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_names_in_the_map_stand_out_from_their_parts(scheme: int) -> None:
    style = Page(render_html(clean())).inline["style"][0]
    (text,) = re.findall(r"--text: light-dark\((#\w{6}), (#\w{6})\)", style)
    parts = re.findall(r"([^\n{}]+) \{ --part: light-dark\((#\w{6}), (#\w{6})\)", style)
    assert len(parts) > 10
    poor = {name: contrast(text[scheme], both[scheme]) for name, *both in parts}
    assert {name: round(ratio, 2) for name, ratio in poor.items() if ratio < 4.5} == {}


def contrast(one: str, other: str) -> float:
    def luminance(color: str) -> float:
        channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(scheme: int) -> None:
    style = Page(render_html(clean())).inline["style"][0]
    colors = {name: both[scheme] for name, *both in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style)}
    pairs = [(name, back) for name in ("text", "soft", "link", "good", "unknown") for back in ("page", "card")]
    pairs += [("text", "sunk"), ("soft", "sunk"), ("text", "low-back")]
    pairs += [(name, f"{name}-back") for name in ("critical", "high", "medium", "low", "info", "good", "unknown")]
    pairs += [(name, "card") for name in ("critical", "high", "medium", "low", "info")]
    poor = {pair: contrast(colors[pair[0]], colors[pair[1]]) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in poor.items() if ratio < 4.5} == {}
