"""PHP, Lua, Perl and ucode scripts: values followed through assignments, calls and texts.

Rules that hold for all four: an assignment hands a value on; texts and joined texts hold what is put into them; a
comparison's value is harmless, and what a known check has looked at is known; functions of the same file are followed
into, with what they are given and what they give back. Other functions give back what is harmless unless `passing`
names them, so that what is told is right rather than all. A harmless value ends a harmful one only where it cannot be
passed by: not in the other branch of a condition.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from firmward.facts.injection.language import Language
from firmward.facts.injection.record import Flow, Reading, Text
from firmward.facts.injection.token_blocks import Statement, blocks
from firmward.facts.injection.token_filters import filters, is_strict, is_whole
from firmward.facts.injection.token_sinks import Sinks
from firmward.facts.injection.token_values import SQL, Taint, Values
from firmward.facts.injection.token_view import View, names_in
from firmward.formats.script_tokens import Kind, Token

SETS = frozenset(("=", ".=", "||=", "??=", "+=", "&&="))
CONTROL = frozenset(("if", "else", "elseif", "elsif", "unless", "foreach", "for", "while", "case", "default"))
LEAF = re.compile(r"(?:call|post)\(\s*[\"'](\w+)[\"'][^\n]{0,300}(?:\n[^\n]{0,300})?\.leaf\s*=\s*true")
PASSES = 4


def read(script: Text, language: Language) -> Reading:
    if not language.hint.search(script.text):
        return Reading(())
    scanned = language.tokens(script.text)
    problems = tuple(f"{script.path}: {problem}" for problem in scanned.problems[:3])
    # behind a text that was not understood nothing can be trusted
    return Reading(() if problems else _Walk(script, language, scanned.tokens).flows(), problems)


class _Walk:
    def __init__(self, script: Text, language: Language, tokens: list[Token]) -> None:
        self._language = language
        self._view = View.of(tokens)
        self._statements, functions = blocks(tokens, self._view.closes, language.name)
        self._values = Values(language, functions)
        self._sinks = Sinks(script.path, language, self._values)
        self._shifts: dict[str, int] = {}
        for name in LEAF.findall(script.text) if language.name == "Lua" else ():
            self._values.given[name] = dict.fromkeys(range(8), Taint("a piece of the address"))

    def flows(self) -> tuple[Flow, ...]:
        """The script is read until nothing new is known of what functions are given and give back."""
        for _ in range(PASSES):
            before = (repr(self._values.given), repr(self._values.returns))
            self._sinks.flows, self._values.scopes, self._shifts = {}, {}, {}
            for statement in self._statements:
                self._statement(statement)
            if before == (repr(self._values.given), repr(self._values.returns)):
                break
        return tuple(self._sinks.flows.values())

    def _statement(self, statement: Statement) -> None:
        start, end, view = statement.start, statement.end, self._view
        self._values.scope = statement.function
        first = view.tokens[start]
        self._values.block = (*statement.block, -start) if first.text in CONTROL else statement.block
        self._sinks.look(view, start, end)
        if not statement.is_header:
            self._assignments(view, start, end)
            self._loops(view, start, end)
        self._checks(view, start, end)
        if first.kind is Kind.NAME and first.text == "return" and self._values.scope:
            found = self._values.value(view, start + 1, end)
            if found is not None:
                self._values.returns.setdefault(self._values.scope, replace(found, block=()))

    def _assignments(self, view: View, start: int, end: int) -> None:
        for place in range(start + 1, end):
            sign = view.signs[place]
            if (sign in SETS and view.tokens[place - 1].kind is not Kind.SIGN) or (
                sign in SETS and view.sign(place - 1) in ")]}"
            ):
                value = self._right(view, place + 1, end)
                self._set(self._left(view, start, place), value, sign != "=", names_in(view, place + 1, end))

    def _right(self, view: View, start: int, end: int) -> Taint | None:
        """What stands right of an assignment, up to the end of the brackets around it."""
        place = start
        while place < end and view.sign(place) not in (")", "]", "}", ";"):
            place = view.closes.get(place, place) + 1
        stop = min(place, end)
        if self._language.name == "Perl" and (given := self._arguments(view, start, stop)) is not None:
            return given
        found = self._values.value(view, start, stop)
        is_query = found is not None and any(
            token.kind is Kind.TEXT and SQL.search(token.text) for token in view.tokens[start:stop]
        )
        if found is None:
            return None
        is_joined = any(token.inside or token.text in (".", "..") for token in view.tokens[start:stop])
        return replace(found, sql=found.sql or is_query, joined=found.joined or is_joined)

    def _arguments(self, view: View, start: int, stop: int) -> Taint | None:
        """Perl's `shift`, of a function that was given something: the next of its arguments."""
        words = [token.text for token in view.tokens[start:stop][:3]]
        if (
            not self._values.scope
            or words[:1] != ["shift"]
            or (len(words) > 1 and words[1] not in ("||", "@_", "//", "(", "or"))
        ):
            return None
        number = self._shifts.get(self._values.scope, 0)
        self._shifts[self._values.scope] = number + 1
        return self._values.given.get(self._values.scope, {}).get(number)

    def _left(self, view: View, start: int, place: int) -> list[str]:
        """The names that an assignment sets, from the sign to the left."""
        back = place - 1
        while back > start and back in view.opens:
            back = view.opens[back] - 1
        if (back + 1 < place and view.sign(back + 1) == "(") or view.sign(back) == "(":
            return [token.text for token in view.tokens[back + 1 : place] if token.kind is Kind.VARIABLE]
        while back - 2 >= start and view.sign(back - 1) in (".", ":", "->", "::"):
            back -= 2
        path, _ = self._values.path(view, back, place)
        names = [path] if path else []
        while view.sign(back - 1) == "," and back - 2 >= start and view.tokens[back - 2].kind is Kind.NAME:
            back -= 2
            names.append(view.tokens[back].text)
        return names

    def _set(self, names: list[str], value: Taint | None, adds: bool, mentioned: frozenset[str]) -> None:
        scope = self._values.known
        for number, name in enumerate(name.partition("[?]")[0] for name in names):
            if self._language.name == "Perl" and "_" in mentioned and self._values.scope and value is None:
                value = self._values.given.get(self._values.scope, {}).get(number)
                self._force(scope, name, value)
                if number + 1 < len(names):
                    value = None
                continue
            if value is not None:
                scope[name] = replace(value, block=self._values.block)
            elif not adds:
                self._clear(scope, name, mentioned)

    def _force(self, scope: dict[str, Taint | None], name: str, value: Taint | None) -> None:
        scope[name] = None if value is None else replace(value, block=self._values.block)

    def _clear(self, scope: dict[str, Taint | None], name: str, mentioned: frozenset[str]) -> None:
        """A harmless value ends a harmful one, unless it stands in another branch."""
        known = scope.get(name)
        is_reached = known is None or known.block[: len(self._values.block)] == self._values.block
        if is_reached or name.partition(".")[0].partition("[")[0] in mentioned:
            scope[name] = None

    def _loops(self, view: View, start: int, end: int) -> None:
        first = view.tokens[start].text
        if first not in ("foreach", "for"):
            return
        words = {
            view.tokens[place].text: place
            for place in range(end - 1, start, -1)
            if view.tokens[place].kind is Kind.NAME
        }
        if "as" in words and self._language.name == "PHP":
            over, names = (start + 2, words["as"]), range(words["as"] + 1, end)
        elif "in" in words or "of" in words:
            place = words.get("in", words.get("of", start))
            over, names = (place + 1, end), range(start + 1, place)
        else:
            opening = next((place for place in range(start, end) if view.sign(place) == "("), end)
            over, names = (opening, end), range(start + 1, opening)
        value = self._values.value(view, *over)
        kinds = (Kind.VARIABLE,) if self._language.name in ("PHP", "Perl") else (Kind.NAME,)
        self._set(
            [view.tokens[place].text for place in names if view.tokens[place].kind in kinds], value, False, frozenset()
        )

    def _checks(self, view: View, start: int, end: int) -> None:
        """After a look at a value's form it is known."""
        scope = self._values.known
        for place in range(start, end):
            token = view.tokens[place]
            if token.kind is Kind.NAME and token.text in self._language.checks and view.sign(place + 1) == "(":
                inside = view.tokens[place + 2 : view.closes.get(place + 1, end)]
                if is_strict(inside):
                    for path in (
                        *self._values.paths(view, place + 2, view.closes.get(place + 1, end)),
                        *self._base(view, place),
                    ):
                        scope[path] = None
            elif view.sign(place) in ("=~", "!~") and place + 1 < end and place > start:
                pattern = view.tokens[place + 1]
                if pattern.kind is Kind.PATTERN and (
                    is_whole(pattern.text) if pattern.change is None else filters(pattern)
                ):
                    for path in self._left(view, start, place):
                        scope[path] = None

    def _base(self, view: View, place: int) -> Iterator[str]:
        """The value before `:match`."""
        if view.sign(place - 1) in (":", ".") and place >= 2 and view.tokens[place - 2].kind is Kind.NAME:
            back = place - 2
            while view.sign(back - 1) == ".":
                back -= 2
            yield self._values.path(view, back, place - 1)[0]
