"""The part of YAML that is read, and PyYAML as a witness."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.malformed import Malformed
from firmward.formats.yaml_subset import Node, parse

COMPOSE = """# a comment
version: "3.8"
x-base: &base
  restart: unless-stopped   # another
  logging: &log {driver: json-file, options: {max-size: "10m", a: }}
services:
  web:
    <<: *base
    image: nginx:1.25@sha256:abc
    command: ["nginx", "-g", 'daemon off;']
    ports:
    - "80:80"
    - 443:443
    volumes:
      - type: bind
        source: /etc
        target: /x
      - ./a:/b:ro
    environment:
      - A=b # c
      - "C=d e"
    deploy:
      resources: {limits: {memory: 10m}}
    cap_add: [NET_ADMIN,
       SYS_TIME]
    logging: *log
  db:
    <<: [*base, {tty: "x"}]
    image: postgres
    command: >
      a b
      c d
    entrypoint: |
      x
        y
    healthcheck:
      test: a
        b c
    empty:
    url: http://x:80/a#b
    text: "multi
      line"
    nested:
      - - a
        - b
      -
        c: d
networks: {}
volumes:
  data:
"""


def plain(node: Node) -> Any:
    if node.items:
        return [plain(item) for item in node.items]
    if not isinstance(node.value, str | tuple) and node.value is not None:
        return {key: plain(value) for key, value in node.entries.items()}
    return list(node.items) if isinstance(node.value, tuple) else node.value


def stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: stripped(member) for key, member in value.items()}
    if isinstance(value, list):
        return [stripped(member) for member in value]
    return value.strip() if isinstance(value, str) else value


def witnessed(text: str) -> Any:
    """As PyYAML reads it, all scalars as text."""
    yaml = pytest.importorskip("yaml")
    kept = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
    rows = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag in kept]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    loader = type("Loader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": rows})
    return yaml.load(text, loader)


@pytest.mark.parametrize(
    "text",
    [
        COMPOSE,
        "a: 1\n",
        "- a\n- b: c\n  d: e\n-   - f\n",
        "a:\n- b\n- c\nd: e\n",
        "---\na: b\n...\n",
        "'it''s': \"a\\tb\"\n",
        "a: b:c\n",
        "a: [b, {c: d}, 'e, f', \"g]\"]\n",
        "a: {b: [c], d: null, e: ~}\n",
        "a: |\n  b: c\n\n  # no comment\nd: e\n",
        "a: &x b\nc: *x\n",
        "a: 'b # c' # d\ne: f#g\n",
        "a:\n  # only\n\n  b: c # d\n",
        "a: -1\nb: -x\n",
        "a: {}\nb: []\n",
        "- &x\n  a: b\n- *x\n",
        "a: &a {x: p, y: q}\nb:\n  x: r\n  <<: *a\n",
    ],
)
def test_it_is_read_as_yaml_is(text: str) -> None:
    assert stripped(plain(parse(text))) == stripped(witnessed(text))


def test_nodes_know_their_lines() -> None:
    service = parse(COMPOSE).get("services", "db")
    assert service is not None
    assert service.line == COMPOSE.splitlines().index("  db:") + 1


@pytest.mark.parametrize(
    "text",
    [
        "a: !tag b\n",
        "? a\n: b\n",
        "a:\n\tb: c\n",
        "a: *nothing\n",
        "a: [b\n",
        'a: "b\n',
        "a: b\n---\nc: d\n",
        "a: b\n  c: d\n",
        "a\nb: c\n",
        "<<: text\n",
        "a: [b] c\n",
        "a: {b}\n",
        "- a\n  - b: c\n",
        "a: @b\n",
        "x" * (1 << 20),
        "- " * 5000 + "a\n",
        "[" * 5000 + "]" * 5000,
    ],
)
def test_what_is_no_such_yaml_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse(text)


def test_aliases_that_multiply_come_to_an_end() -> None:
    rows = ["a0: &a0 {k: v}"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    assert parse("\n".join(rows)).get("a59") is not None


def test_merges_that_multiply_come_to_an_end() -> None:
    base = "a: &a {" + ", ".join(f"k{n}: v" for n in range(1000)) + "}\n"
    with pytest.raises(Malformed, match="values"):
        parse(base + "".join(f"b{n}: {{x: y}}\nc{n}:\n  <<: *a\n" for n in range(100)))


@given(st.text(alphabet="ab:-#&*!|>[]{}'\",? \n<%", max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except Malformed:
        return


@pytest.mark.parametrize(
    "text", ["a: " + " " * 200_000 + "b", "a" + " " * 200_000, "a: [" + " " * 200_000, "'" * 200_000]
)
def test_long_lines_take_no_long_time(text: str) -> None:
    try:
        parse(text)
    except Malformed:
        return
