"""PHP's tokens: code between its marks, texts with variables in them, here-documents."""

import re

from firmward.formats.script_scanner import SIZE_LIMIT, Language, Lines, Scanner, bounded, quoted
from firmward.formats.script_tokens import Kind, Token, Tokens

PHP_PART = re.compile(r"\{\$|\$\{?(\w+)\}?((?:\[[^\]\n]*\]|->\w+)?)")
HEREDOC = re.compile(r"<<<[ \t]*(['\"]?)(\w+)\1[^\n]*\n")


def _php_parts(scanner: Scanner, body: str, line: int) -> tuple[Token, ...]:
    inside: list[Token] = []
    position = 0
    while match := PHP_PART.search(body, position):
        position = match.end()
        if match[1] is None:
            end = body.find("}", position)
            code = "$" + body[position : end if end >= 0 else len(body)]
            position = end + 1 if end >= 0 else len(body)
        elif match.start() and body[match.start() - 1] == "\\":
            continue
        else:
            code = f"${match[1]}{match[2]}"
        inside += scanner.inner(code, line)
    return tuple(inside)


def _php_text(scanner: Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    sign = text[position]
    if sign in "'\"`":
        body, end = quoted(scanner, position, limit)
        inside = () if sign == "'" else _php_parts(scanner, body, scanner.lines.at(position))
        scanner.add(Kind.SHELL if sign == "`" else Kind.TEXT, body, position, inside)
        return end
    if text.startswith("<<<", position) and (match := HEREDOC.match(text, position)):
        closing = re.compile(rf"^[ \t]*{match[2]}\b", re.MULTILINE).search(text, match.end() - 1, limit)
        end = closing.start() if closing else limit
        body = text[match.end() : end]
        inside = () if match[1] == "'" else _php_parts(scanner, body, scanner.lines.at(position))
        scanner.add(Kind.TEXT, body, position, inside)
        return closing.end() if closing else limit
    return None


PHP = Language(
    re.compile(r"//(?:(?!\?>)[^\n])*|\#(?!\[)(?:(?!\?>)[^\n])*|/\*.*?(?:\*/|\Z)", re.DOTALL),
    re.compile(r"\$+(\w+)"),
    (_php_text,),
)


def php(text: str) -> Tokens:
    """The code between `<?php` or `<?=` and `?>`; what is outside is printed as it stands."""
    found = Tokens()
    position, limit = 0, min(len(text), SIZE_LIMIT)
    lines = Lines(text)
    for opening in re.finditer(r"<\?(?:php\b|=|(?=[\s]))", text[:limit]):
        if opening.start() < position:
            continue
        scanner = Scanner(text, lines, PHP, found, 0)
        position = scanner.run(opening.end(), limit, stop="?>")
        found.tokens.append(Token(Kind.SIGN, ";", lines.at(position - 1)))
    return bounded(found, text)
