"""What options come to: a Kconfig tree and the settings of a defconfig or `.config`, as the kernel's `conf` joins them.

A setting counts where a prompt can be seen. Otherwise, or without a setting, it is the first default whose condition
holds. `select` sets at least what the selecting option has, whatever the dependencies; `imply` is a default. Of a
choice the member set last counts if it can be seen, then the choice's defaults, then its first member that can be seen.
A number outside of its range is moved to the range's end, a setting outside of it forgotten.

Where a macro or a missing file leaves something open the result is unknown, and so is all that hangs on it: nothing is
guessed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from firmward.formats.kconfig import Choice, Default, Option, Tree
from firmward.formats.kconfig_expression import (
    ANY,
    CONSTANTS,
    LETTERS,
    NO,
    YES,
    Both,
    ChosenIn,
    Compared,
    Either,
    Expression,
    Name,
    Not,
    Span,
    compare,
    negated,
    number_of,
    parts_of,
)
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unknown

WORK_LIMIT = 20_000_000
"""Names of which sets are made; U-Boot's tree needs 300,000."""
LOGICAL = frozenset(("bool", "tristate"))
OPEN = Unknown("the Kconfig tree leaves it open")
TORN = Unknown("a statement of its Kconfig could not be read")
MISSING = Unknown("no Kconfig file that was read has it, and some could not be read")

Value = str | Unknown | None
"""What an option comes to: `y`, `m`, `n`, a number or a text; None where it has no value."""

_Computed = Span | str | Unknown | None
_Node = str | int
"""An option by its name, a choice by its number."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The values of all options of a tree. `get` takes a name without `CONFIG_`."""

    values: Mapping[str, Value]
    is_whole: bool

    def get(self, name: str) -> Value:
        """`n` for an option that the tree does not have, as long as the tree is whole."""
        if name in self.values:
            return self.values[name]
        return "n" if self.is_whole else MISSING


def resolve(tree: Tree, settings: Mapping[str, str]) -> Resolved:
    """The values that options get from settings (names without `CONFIG_`, texts without quotes, in their order).

    Raises Malformed for a tree that is too much entangled to be gone through.
    """
    resolver = _Resolver(tree, settings)
    resolver.run()
    values = {name: _shown(resolver.computed[name]) for name in tree.options if tree.options[name].type is not None}
    return Resolved(values, not tree.unread)


def _shown(value: _Computed) -> Value:
    if isinstance(value, Span):
        return OPEN if value.exact is None else LETTERS[value.exact]
    return value


class _Resolver:
    """Computes each option after all that it refers to; where that goes round in a circle, what is not yet there is
    unknown."""

    def __init__(self, tree: Tree, settings: Mapping[str, str]) -> None:
        self._tree = tree
        self._settings = settings
        self.computed: dict[_Node, _Computed] = {}
        self._spans: dict[int, Span] = {}
        self._names: dict[int, frozenset[_Node]] = {}
        self._set_in = _set_in(tree, settings)
        self._work = 0

    def run(self) -> None:
        if self._tree.modules is not None:
            self._after_its_references(self._tree.modules)
        for name in self._tree.options:
            self._after_its_references(name)

    def _after_its_references(self, start: _Node) -> None:
        if start in self.computed:
            return
        waiting: list[tuple[_Node, Iterator[_Node]]] = [(start, self._ordered(start))]
        seen = {start}
        while waiting:
            node, rest = waiting[-1]
            following = next((name for name in rest if name not in seen and name not in self.computed), None)
            if following is None:
                waiting.pop()
                self.computed[node] = self._compute(node)
            else:
                seen.add(following)
                waiting.append((following, self._ordered(following)))

    def _compute(self, node: _Node) -> _Computed:
        if isinstance(node, int):
            return self._choice(node, self._tree.choices[node])
        option = self._tree.options.get(node)
        if option is None or option.type is None:
            return None
        if not option.is_whole:
            return ANY if option.type in LOGICAL else TORN
        return self._logical(option) if option.type in LOGICAL else self._text(option)

    # references

    def _ordered(self, node: _Node) -> Iterator[_Node]:
        """In an order that is the same in every run."""
        return iter(sorted(self._references(node), key=str))

    def _references(self, node: _Node) -> frozenset[_Node]:
        if isinstance(node, int):
            choice = self._tree.choices[node]
            members = [self._tree.options[name] for name in choice.members]
            open_to = [prompt for member in members for prompt in member.prompts]
            conditions = [default.condition for default in choice.defaults]
            return self._all_names([*choice.prompts, *conditions, *open_to]) - {node}
        option = self._tree.options.get(node)
        if option is None:
            return frozenset()
        parts: list[Expression] = [*option.prompts, *option.depends, *option.selected, *option.implied]
        for default in option.defaults:
            parts += (default.value, default.condition)
        for row in option.ranges:
            parts += (row.low, row.high, row.condition)
        found = self._all_names(parts)
        return found if option.choice is None else found | {option.choice}

    def _all_names(self, parts: Iterable[Expression]) -> frozenset[_Node]:
        found: frozenset[_Node] = frozenset().union(*map(self._names_in, parts))
        self._work += len(found) + 1
        if self._work > WORK_LIMIT:
            raise Malformed("the options refer to each other too often")
        return found

    def _names_in(self, expression: Expression) -> frozenset[_Node]:
        if isinstance(expression, Name):
            known = expression.text is not None and not expression.quoted and expression.text in self._tree.options
            return frozenset((expression.text,)) if known and expression.text is not None else frozenset()
        if isinstance(expression, ChosenIn):
            return frozenset((expression.choice,))
        found = self._names.get(id(expression))
        if found is None:
            found = self._names[id(expression)] = self._all_names(parts_of(expression))
        return found

    # conditions

    def _span(self, expression: Expression) -> Span:
        """What a condition comes to, each computed once: blocks share theirs."""
        if isinstance(expression, Name):
            return self._span_of(expression)
        found = self._spans.get(id(expression))
        if found is None:
            found = self._spans[id(expression)] = self._computed_span(expression)
        return found

    def _computed_span(self, expression: Expression) -> Span:
        match expression:
            case Name():
                return self._span_of(expression)
            case ChosenIn(number):
                value = self.computed.get(number, ANY)
                return _open_part(value) if isinstance(value, str) or value is None else ANY
            case Not(term):
                return negated(self._span(term))
            case Both(terms):
                return _least(map(self._span, terms))
            case Either(terms):
                return _most(map(self._span, terms))
            case Compared(left, operator, right):
                one, other = self._operand(left), self._operand(right)
                return ANY if one is None or other is None else compare(one, operator, other)

    def _span_of(self, name: Name) -> Span:
        if name.text is None:
            return ANY
        if name.quoted or name.text not in self._tree.options:
            return CONSTANTS.get(name.text, NO if name.quoted else self._undeclared(name.text))
        value = self.computed.get(name.text, ANY)
        if isinstance(value, Span):
            return value
        return NO if self._tree.options[name.text].type is not None else self._undeclared(name.text)

    def _undeclared(self, name: str) -> Span:
        """An option that is nowhere declared is off, as long as all files were there."""
        return ANY if self._tree.unread and name.isupper() else NO

    def _operand(self, name: Name) -> tuple[str, str | None] | None:
        """The text and the type of one side of a comparison; None when it is not known."""
        if name.text is None:
            return None
        if name.text in CONSTANTS:
            return name.text, "tristate"
        option = None if name.quoted else self._tree.options.get(name.text)
        if option is None or option.type is None:
            is_open = not name.quoted and bool(self._tree.unread) and name.text.isupper()
            return None if is_open else (name.text, None)
        value = _shown(self.computed.get(name.text, OPEN))
        return None if isinstance(value, Unknown) else (value or "", option.type)

    def _seen(self, option: Option) -> Span:
        """Whether it can be set: for one that is on or off, half of it is enough."""
        return self._whole(option, _most(map(self._span, option.prompts)))

    def _whole(self, option: Option, value: Span) -> Span:
        """Without modules, and for what has none, m is y."""
        if option.type == "tristate" and self._has_modules() != NO:
            return value
        return Span(2 if value.low else 0, 2 if value.high else 0)

    def _has_modules(self) -> Span:
        modules = self._tree.modules
        if modules is None:
            return NO
        value = self.computed.get(modules, NO)
        return value if isinstance(value, Span) else NO

    # values

    def _logical(self, option: Option) -> Span:
        seen = self._seen(option)
        if option.choice is not None:
            return self._member(option, seen)
        setting = CONSTANTS.get(self._settings.get(option.name, ""))
        unset = self._unset(option)
        when_seen = unset if setting is None else _least((setting, seen))
        value = _either(unset, when_seen, seen)
        return self._whole(option, _most((value, self._whole(option, _most(map(self._span, option.selected))))))

    def _unset(self, option: Option) -> Span:
        """What it is without a setting, before `select`."""
        value = self._default(option.defaults, option)
        allowed = _most(map(self._span, option.depends)) if option.depends else YES
        implied = _least((_most(map(self._span, option.implied)), self._whole(option, allowed)))
        if implied.high == 0:
            return value
        raised = _most((value, implied))
        limited = _least((raised, allowed)) if implied.low else Span(value.low, raised.high)
        return self._whole(option, limited)

    def _default(self, defaults: list[Default], option: Option) -> Span:
        """The first whose condition holds; where conditions are open, all that may come of it."""
        low, high = 2, 0
        for default in defaults:
            condition = self._span(default.condition)
            if condition.high == 0:
                continue
            value = _least((self._span(default.value), Span(max(condition.low, 1), condition.high)))
            low, high = min(low, value.low), max(high, value.high)
            if condition.low:
                return self._whole(option, Span(low, high))
        return self._whole(option, Span(0, high))

    def _member(self, option: Option, seen: Span) -> Span:
        if seen.high == 0:
            return self._default(option.defaults, option)
        chosen = self.computed.get(option.choice if option.choice is not None else -1, OPEN)
        if isinstance(chosen, str) and option.name != chosen:
            return NO if seen.low else Span(0, self._default(option.defaults, option).high)
        if chosen == option.name and seen.low:
            return YES if option.type == "bool" or self._has_modules() == NO else ANY
        return NO if chosen is None and seen.low else ANY

    def _choice(self, number: int, choice: Choice) -> str | Unknown | None:
        """The member that is chosen; None when the choice cannot be made, or nothing is chosen."""
        if not choice.is_whole or (choice.type == "tristate" and self._has_modules() != NO):
            return OPEN
        can = _most(map(self._span, choice.prompts))
        if can.high == 0:
            return None
        setting = self._set_in.get(number)
        if choice.is_optional and setting is None:
            return None
        self.computed[number] = ""  # its members are looked at as if it were open
        found = self._among(choice, setting)
        if can.low:
            return found
        self._spans.clear()
        return OPEN

    def _among(self, choice: Choice, setting: str | None) -> str | Unknown | None:
        candidates = [] if setting is None else [(setting, YES)]
        for default in choice.defaults:
            name = default.value.text if isinstance(default.value, Name) else None
            if name is None:
                return OPEN
            candidates.append((name, self._span(default.condition)))
        candidates += [(name, YES) for name in choice.members]
        for name, condition in candidates:
            option = self._tree.options.get(name)
            can = NO if option is None else _least((condition, self._seen(option)))
            if can.high and not can.low:
                return OPEN
            if can.low:
                return name
        return None

    def _text(self, option: Option) -> str | Unknown | None:
        seen = self._seen(option)
        row = self._range(option)
        setting = self._settings.get(option.name)
        if setting is not None and seen.high:
            if isinstance(row, Unknown):
                return row
            if not _is_within(setting, option.type, row):
                setting = None
        if setting is not None and seen.low:
            return setting
        value = self._text_default(option, seen)
        if setting is not None and seen.high and value != setting:
            return OPEN
        if isinstance(row, Unknown):
            return row if value is not None else None
        if value is None and row is not None and seen.low:
            value = ""
        return _moved(value, option.type, row) if isinstance(value, str) else value

    def _text_default(self, option: Option, seen: Span) -> str | Unknown | None:
        found: list[str | Unknown | None] = []
        for default in option.defaults:
            condition = self._span(default.condition)
            if condition.high:
                found.append(self._text_of(default.value))
            if condition.low:
                break
        else:
            if not found:
                return ("" if option.type == "string" else None) if seen.high else None
            found.append(OPEN)
        return found[0] if all(value == found[0] for value in found) else OPEN

    def _text_of(self, value: Expression) -> str | Unknown | None:
        if not isinstance(value, Name):
            return ""
        operand = self._operand(value)
        return OPEN if operand is None else operand[0]

    def _range(self, option: Option) -> tuple[int, int] | Unknown | None:
        """The first range whose condition holds."""
        for row in option.ranges:
            condition = self._span(row.condition)
            if condition.high and not condition.low:
                return OPEN
            if condition.low:
                ends = [self._number(end, option.type) for end in (row.low, row.high)]
                low, high = ends
                return OPEN if low is None or high is None else (low, high)
        return None

    def _number(self, name: Name, kind: str | None) -> int | None:
        operand = self._operand(name)
        if operand is None:
            return None
        own = operand[1] if operand[1] in ("int", "hex") else kind
        return number_of(operand[0], own) or 0


def _set_in(tree: Tree, settings: Mapping[str, str]) -> dict[int, str]:
    """The member of each choice that settings name last."""
    found: dict[int, str] = {}
    for name, value in settings.items():
        option = tree.options.get(name)
        if value == "y" and option is not None and option.choice is not None:
            found[option.choice] = name
    return found


def _open_part(value: str | None) -> Span:
    return NO if value is None else YES


def _least(values: Iterable[Span]) -> Span:
    low = high = 2
    for value in values:
        low, high = min(low, value.low), min(high, value.high)
    return Span(low, high)


def _most(values: Iterable[Span]) -> Span:
    low = high = 0
    for value in values:
        low, high = max(low, value.low), max(high, value.high)
    return Span(low, high)


def _either(no: Span, yes: Span, condition: Span) -> Span:
    """One of two values by a condition."""
    if condition.low:
        return yes
    if condition.high == 0:
        return no
    return Span(min(no.low, yes.low), max(no.high, yes.high))


def _is_within(text: str, kind: str | None, row: tuple[int, int] | None) -> bool:
    if kind == "string":
        return True
    value = number_of(text, kind)
    return value is not None and (row is None or row[0] <= value <= row[1])


def _moved(text: str, kind: str | None, row: tuple[int, int] | None) -> str:
    if row is None or kind not in ("int", "hex"):
        return text
    value = number_of(text, kind) or 0
    if row[0] <= value <= row[1]:
        return text
    end = row[0] if value < row[0] else row[1]
    return str(end) if kind == "int" else hex(end)
