"""The calls of a script in which a value from outside does harm: commands, code, queries, files that are included."""

from firmward.facts.injection.language import Language
from firmward.facts.injection.record import Flow, Sink
from firmward.facts.injection.token_values import SQL, Taint, Values
from firmward.facts.injection.token_view import View
from firmward.formats.script_tokens import Kind, Token


class Sinks:
    """`flows` fill as statements are looked at: the first one of each kind."""

    def __init__(self, path: str, language: Language, values: Values) -> None:
        self.flows: dict[Sink, Flow] = {}
        self._path = path
        self._language = language
        self._values = values

    def look(self, view: View, start: int, end: int) -> None:
        place = start
        while place < end:
            token = view.tokens[place]
            if token.kind is Kind.SHELL:
                self._tell(Sink.COMMAND, self._values.within(token), "backquotes", token)
            elif token.kind in (Kind.NAME, Kind.VARIABLE):
                path, after = self._values.path(view, place, end)
                self._sink(view, path, place, after, end)
                place = max(place + 1, after if token.kind is Kind.NAME else place + 1)
                continue
            place += 1

    def _sink(self, view: View, path: str, place: int, after: int, end: int) -> None:
        name = path.rpartition(".")[2]
        token = view.tokens[place]
        is_call = view.sign(after) == "(" and after in view.closes
        if is_call:
            pieces = view.pieces(after + 1, min(view.closes[after], end))
            if self._language.name == "Perl" and name == "open":
                self._opened(view, pieces, token)
            self._filled(view, name, pieces)
            if name in self._values.functions:
                self._values.remember(view, path, name, pieces)
        elif name in self._language.bare and token.kind is Kind.NAME:
            pieces = view.pieces(after, end)
        else:
            return
        sink = self._of_call(path, name)
        if sink is None or not pieces or name in self._values.functions:
            return
        is_list = len(pieces) > 1 if self._language.name == "Perl" else view.sign(pieces[0][0]) == "["
        if sink is Sink.COMMAND and is_list:
            return
        value = self._values.value(view, *pieces[0]) if sink is not Sink.SQL else self._query(view, name, pieces)
        if sink is Sink.CODE and self._language.name == "Perl" and view.sign(after) == "{":
            return
        self._tell(sink, value, name, token)

    def _of_call(self, path: str, name: str) -> Sink | None:
        """Names with a dot in the table match the end of the path; methods of objects are SQL at most."""
        sinks = self._language.sinks
        steps = path.split(".")
        dotted = sinks.get(".".join(steps[-2:])) if len(steps) > 1 else None
        if dotted is not None:
            return dotted
        found = sinks.get(name)
        if name == "do":
            return Sink.SQL if len(steps) > 1 else Sink.INCLUDE
        if len(steps) > 1 and found is not Sink.SQL:
            return None
        return None if len(steps) == 1 and name == "query" else found

    def _query(self, view: View, name: str, pieces: list[tuple[int, int]]) -> Taint | None:
        for start, end in pieces[:2]:
            found = self._values.value(view, start, end)
            is_query = any(token.kind is Kind.TEXT and SQL.search(token.text) for token in view.tokens[start:end])
            if found is not None and (found.sql or is_query):
                return found
        return None

    def _opened(self, view: View, pieces: list[tuple[int, int]], token: Token) -> None:
        """Perl's `open`: a name that begins or ends with `|` is a command, and a name from outside may."""
        if len(pieces) == 2:
            start, end = pieces[1]
            value = self._values.value(view, start, end)
            text = "".join(one.text for one in view.tokens[start:end] if one.kind is Kind.TEXT).strip()
            is_command = "|" in (text[:1], text[-1:]) or (not text and value is not None and not value.joined)
            self._tell(Sink.COMMAND, value if is_command else None, "open", token)
        elif len(pieces) == 3 and view.tokens[pieces[1][0]].text in ("-|", "|-"):
            self._tell(Sink.COMMAND, self._values.value(view, *pieces[2]), "open", token)

    def _filled(self, view: View, name: str, pieces: list[tuple[int, int]]) -> None:
        number = (self._language.fills or {}).get(name)
        if number is not None and len(pieces) > number and any(
            token.text == "STDIN" for token in view.tokens[pieces[0][0] : pieces[0][1]]
        ):  # fmt: skip
            for path in self._values.paths(view, *pieces[number]):
                self._values.known[path] = Taint("STDIN", self._values.block)

    def _tell(self, sink: Sink, value: Taint | None, by: str, token: Token) -> None:
        if value is not None:
            self.flows.setdefault(sink, Flow(self._path, token.line, sink, value.source, by))
