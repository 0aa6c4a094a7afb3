"""Perl's tokens: quotes of any signs, patterns and what replaces them, here-documents, variables in texts."""

import re

from firmward.formats.script_scanner import Language, Scanner, end_of, quoted, slashed, whole
from firmward.formats.script_tokens import BRACKETS, Kind, Token, Tokens

HEREDOC_LIMIT = 50_000
"""Characters in which a Perl here-document must end."""

PERL_PART = re.compile(
    r"(\\*)(?:@\{\[(.{0,500}?)\]\}|[$@](?:\{\^?(\w+)\}|(\w+|\$\w+)|[&1-9])((?:(?:->)?(?:\{[^{}\n]*\}|\[[^\[\]\n]*\]))*))",
    re.DOTALL,
)
QUOTE = re.compile(r"(qq|qx|qw|qr|q|m|s|tr|y)(\s*)(?=[^\w\s,;)])")
PERL_HEREDOC = re.compile(r"<<(~?)(?:(['\"])([^'\"\n]*)\2|([A-Za-z_]\w*))")


def _perl_parts(scanner: Scanner, body: str, line: int) -> tuple[Token, ...]:
    inside: list[Token] = []
    for match in PERL_PART.finditer(body):
        if len(match[1]) % 2:
            continue
        code = match[2] if match[2] is not None else f"${match[3] or match[4] or '_'}{match[5] or ''}"
        inside += scanner.inner(code, line)
    return tuple(inside)


def _delimited(text: str, position: int, limit: int) -> tuple[str, int]:
    """What stands between the sign at a position and the one that closes it, and where that ends."""
    opening = text[position]
    closing = BRACKETS.get(opening)
    if closing is None:
        end = end_of(text, position + 1, opening, limit)
        return (text[position + 1 : end], end + 1) if end >= 0 else (text[position + 1 : limit], limit)
    level, here = 1, position + 1
    while here < limit:
        sign = text[here]
        if sign == "\\":
            here += 1
        elif sign == opening:
            level += 1
        elif sign == closing:
            level -= 1
            if level == 0:
                return text[position + 1 : here], here + 1
        here += 1
    return text[position + 1 : limit], limit


def _perl_quote(scanner: Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    match = QUOTE.match(text, position)
    last = scanner.last
    if match is None or (position and (text[position - 1].isalnum() or text[position - 1] in "_$@%&>")):
        return None
    is_key = last is not None and last.text == "{" and text[match.end() : match.end() + 1] == "}"
    if is_key or text.startswith(("=>", "="), match.end()) or (match[2] and text[match.end()] in "#$@%&"):
        return None
    kind = match[1]
    body, end = _delimited(text, match.end(), limit)
    change = None
    if kind in ("s", "tr", "y"):
        start = end
        if text[match.end()] in BRACKETS:
            while start < limit and text[start].isspace():
                start += 1
            change, end = _delimited(text, start, limit) if start < limit else ("", limit)
        else:
            change, end = _delimited(text, end - 1, limit)
    flags = re.compile(r"[a-z]*").match(text, end) if kind in ("s", "tr", "y", "m", "qr") else None
    _add_quoted(scanner, kind, body, position, change, flags[0] if flags else "")
    return flags.end() if flags else end


def _add_quoted(scanner: Scanner, kind: str, body: str, position: int, change: str | None, flags: str) -> None:
    if kind in ("tr", "y"):
        scanner.add(Kind.PATTERN, f"[^{body}]" if "c" in flags else body, position, (), change if "d" in flags else "x")
    elif kind in ("s", "m", "qr"):
        scanner.add(Kind.PATTERN, body, position, (), change)
    else:
        inside = _perl_parts(scanner, body, scanner.lines.at(position)) if kind in ("qq", "qx") else ()
        scanner.add(Kind.SHELL if kind == "qx" else Kind.TEXT, body, position, inside)


def _perl_text(scanner: Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    sign = text[position]
    if sign in "'\"`":
        if sign == "'" and position and text[position - 1].isalnum():
            return None
        body, end = quoted(scanner, position, limit)
        inside = () if sign == "'" else _perl_parts(scanner, body, scanner.lines.at(position))
        scanner.add(Kind.SHELL if sign == "`" else Kind.TEXT, body, position, inside)
        return end
    if sign == "/" and (after := slashed(scanner, position, limit)) is not None:
        return after
    if sign == "<" and (match := PERL_HEREDOC.match(text, position)):
        return _perl_heredoc(scanner, match, position, limit)
    return None


def _perl_heredoc(scanner: Scanner, match: re.Match[str], position: int, limit: int) -> int | None:
    """Its text begins on the next line; the rest of this line is read before it."""
    text = scanner.text
    name = match[3] if match[3] is not None else match[4]
    line_end = text.find("\n", position, limit)
    if line_end < 0 or name in scanner.found.endless:
        return None
    closing = re.compile(rf"^{'[ ]*' if match[1] else ''}{re.escape(name)}$", re.MULTILINE).search(
        text, line_end, min(limit, line_end + HEREDOC_LIMIT)
    )
    if closing is None:
        scanner.found.endless.add(name)
        return None
    body = text[line_end + 1 : closing.start()]
    inside = () if match[2] == "'" else _perl_parts(scanner, body, scanner.lines.at(position))
    scanner.add(Kind.TEXT, body, position, inside)
    scanner.run(match.end(), line_end)
    return closing.end()


PERL = Language(
    re.compile(r"(?<!\$)\#[^\n]*|(?:(?<=\n)|\A)=[a-zA-Z].*?(?:\n=cut\b[^\n]*|\Z)", re.DOTALL),
    re.compile(r"[$@%](?:\#?\$?\{\^?(\w+)\}|\#?\$*(\w+(?:::\w+)*)|(?<=\$)([\]!&/\\,;.|<>@]))"),
    (_perl_quote, _perl_text),
)


def perl(text: str) -> Tokens:
    end = re.search(r"^__(?:END|DATA)__$", text, re.MULTILINE)
    return whole(text[: end.start()] if end else text, PERL)
