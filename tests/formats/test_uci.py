from hypothesis import given
from hypothesis import strategies as st

from firmward.formats import uci

FIREWALL = """\
package firewall

config defaults
\toption input\t\tREJECT   # comment
\toption output 'ACCEPT'

config zone 'lan'
\tlist network 'lan'
\tlist network "guest"
\toption masq 0

config rule
\toption name 'Allow "all"'\\ of' it'
"""


def test_sections_keep_type_name_and_line():
    assert [(s.type, s.name, s.line) for s in uci.parse(FIREWALL)] == [
        ("defaults", None, 3),
        ("zone", "lan", 7),
        ("rule", None, 12),
    ]


def test_options_and_lists_keep_their_lines():
    defaults, zone, rule = uci.parse(FIREWALL)
    assert defaults.get("input") == uci.Value("REJECT", 4)
    assert zone.list("network") == (uci.Value("lan", 8), uci.Value("guest", 9))
    assert rule.get("name") == uci.Value('Allow "all" of it', 13)
    assert rule.get("target") is None


def test_a_named_section_that_comes_again_adds_to_the_first():
    (section,) = uci.parse("config a x\noption k 1\noption l 1\nconfig a x\noption k 2\n")
    assert {key: values[-1].value for key, values in section.options.items()} == {"k": "2", "l": "1"}


def test_an_option_replaces_a_list_and_a_list_extends_an_option():
    first, second = uci.parse("config a\nlist k 1\nlist k 2\noption k 3\nconfig b\noption k 1\nlist k 2\n")
    assert [value.value for value in first.options["k"]] == ["3"]
    assert [value.value for value in second.options["k"]] == ["1", "2"]


def test_a_plain_option_read_as_a_list_gives_its_words():
    (section,) = uci.parse("config zone\n\toption network 'lan guest'\n")
    assert [value.value for value in section.list("network")] == ["lan", "guest"]


def test_a_quoted_value_runs_over_lines():
    first, second = uci.parse('config a\noption k \'one\ntwo\'\nconfig b\noption k "x\\"y"\n')
    assert first.options["k"] == (uci.Value("one\ntwo", 2),)
    assert (second.line, second.options["k"][0].value) == (4, 'x"y')


def test_what_is_not_understood_is_named_and_the_rest_is_read():
    found = uci.read("option k v\nconfig a\nrubbish here\noption k\noption k v\n")
    assert found.sections[0].options["k"][0].value == "v"
    assert [problem.split(":")[0] for problem in found.problems] == ["line 1", "line 3", "line 4"]


@given(st.text(alphabet="config option list'\"\\\n\t #ab", max_size=300))
def test_any_text_is_read_without_error(text):
    for section in uci.read(text).sections:
        assert 1 <= section.line <= text.count("\n") + 1
