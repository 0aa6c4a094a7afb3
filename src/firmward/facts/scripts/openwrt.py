"""OpenWrt's shell functions that start scripts are written with: configuration from etc/config, instances of procd.

Rules, from the functions' documentation: `config_get VAR SECTION OPTION [DEFAULT]` and `config_get_bool` set a variable
from the package that `config_load` named last; `config_foreach FUNCTION [TYPE]` calls a function with each section's
name; `uci_validate_section` and `uci_load_validate` set a variable for each `OPTION:TYPE[:DEFAULT]`. Anonymous sections
are called `cfgNN` here, NN being their place. `procd_set_param` replaces a parameter of the open instance,
`procd_append_param` adds to it; the instance starts when it is closed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmward.facts.scripts import confinement
from firmward.facts.scripts.environment import Environment, Value, joined
from firmward.facts.scripts.flow import Call, Status
from firmward.formats import uci
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

if TYPE_CHECKING:
    from firmward.facts.scripts.walk import Walk

Row = Callable[["Walk", Environment, Call], Status]

TRUE = frozenset(("1", "on", "true", "yes", "enabled"))
FALSE = frozenset(("0", "off", "false", "no", "disabled"))


@dataclass(slots=True)
class Instance:
    """A program that procd will start, as far as it is described."""

    line: int
    parameters: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


class Packages:
    """The configuration packages of a tree, each read once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._sections: dict[str, dict[str, uci.Section]] = {}
        self.loaded = ""

    def sections(self, package: str) -> dict[str, uci.Section]:
        """The sections of a package by name."""
        if package not in self._sections:
            try:
                text = self._tree.text(f"etc/config/{package}") if package.replace("-", "").isidentifier() else None
            except Unavailable:
                text = None
            self._sections[package] = {
                section.name or f"cfg{index:02}": section for index, section in enumerate(uci.parse(text or ""), 1)
            }
        return self._sections[package]

    def value(self, section: str, option: str, package: str = "") -> str | None:
        """An option's value, a list's values with blanks between them."""
        found = self.sections(package or self.loaded).get(section)
        values = found.options.get(option) if found is not None else None
        return None if values is None else " ".join(value.value for value in values)

    def answer(self, words: tuple[Value, ...]) -> Value | None:
        """`uci get package.section.option` in a command substitution."""
        texts = [word.text for word in words]
        if texts[0].rpartition("/")[2] != "uci" or "get" not in texts or not all(word.certain for word in words):
            return None
        package, _, rest = texts[-1].partition(".")
        name, _, option = rest.partition(".")
        section = self._named(package, name)
        return None if section is None or not option else Value(self.value(section, option, package) or "")

    def _named(self, package: str, name: str) -> str | None:
        """A section by its name or by `@type[index]`."""
        if not name.startswith("@"):
            return name
        kind, _, index = name[1:].rstrip("]").partition("[")
        alike = [key for key, section in self.sections(package).items() if section.type == kind]
        try:
            return alike[int(index)]
        except (ValueError, IndexError):
            return None


def _load(walk: "Walk", environment: Environment, call: Call) -> Status:
    walk.uci.loaded = call.text(1)
    return True


def _foreach(walk: "Walk", environment: Environment, call: Call) -> Status:
    function, kind = call.text(1), call.text(2)
    package = walk.uci.loaded
    for name, section in walk.uci.sections(package).items():
        if kind in ("", section.type) and function in environment.functions:
            walk.call(environment, function, Value(name), *call.words[3:])
            walk.uci.loaded = package
    return None


def _list_foreach(walk: "Walk", environment: Environment, call: Call) -> Status:
    section = walk.uci.sections(walk.uci.loaded).get(call.text(1))
    if section is not None and call.text(3) in environment.functions:
        for value in section.list(call.text(2)):
            walk.call(environment, call.text(3), Value(value.value), *call.words[4:])
    return None


def _get(walk: "Walk", environment: Environment, call: Call) -> Status:
    if not call.words[2:] or not call.words[2].certain:
        environment.set(call.text(1), Value("$" + call.text(1), certain=False))
        return None
    value = walk.uci.value(call.text(2), call.text(3))
    environment.set(call.text(1), Value(value) if value else joined(call.words[4:5]))
    return True


def _get_bool(walk: "Walk", environment: Environment, call: Call) -> Status:
    _get(walk, environment, call)
    value = environment.get(call.text(1))
    if value is not None and value.certain:
        known = "1" if value.text in TRUE else "0" if value.text in FALSE else call.text(4, "0")
        environment.set(call.text(1), Value(known))
    return True


def _validate(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`uci_validate_section package type section 'option:type:default' ...`"""
    _validated(walk, environment, call.text(1), call.text(3), call.texts[4:])
    return True


def _validated(walk: "Walk", environment: Environment, package: str, section: str, options: tuple[str, ...]) -> None:
    for option in options:
        name, _, rest = option.partition(":")
        kind, _, default = rest.partition(":")
        value = walk.uci.value(section, name, package)
        text = default if value is None else value
        if kind.startswith("bool") and text:
            text = "1" if text in TRUE else "0"
        environment.set(name.replace("-", "_"), Value(text))


def _load_validate(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`uci_load_validate package type section callback 'option:type:default' ...`"""
    function = call.text(4)
    _validated(walk, environment, call.text(1), call.text(3), call.texts[5:])
    if function in environment.functions:
        walk.call(environment, function, call.words[3], Value("0"))
    return True


def _open(walk: "Walk", environment: Environment, call: Call) -> Status:
    walk.instance = Instance(call.line)
    return True


def _set_param(walk: "Walk", environment: Environment, call: Call) -> Status:
    return _parameter(walk, call, ())


def _append_param(walk: "Walk", environment: Environment, call: Call) -> Status:
    before = walk.instance.parameters.get(call.text(1), ()) if walk.instance is not None else ()
    return _parameter(walk, call, before)


def _parameter(walk: "Walk", call: Call, before: tuple[Value, ...]) -> Status:
    if walk.instance is not None:
        walk.instance.parameters[call.text(1)] = before + call.words[2:]
        walk.instance.lines.setdefault(call.text(1), call.line)
    return True


def _close(walk: "Walk", environment: Environment, call: Call) -> Status:
    instance, walk.instance = walk.instance, None
    command = instance.parameters.get("command", ()) if instance is not None else ()
    if instance is not None and command:
        user = joined(instance.parameters.get("user", ())).text or None
        measures = confinement.of_procd({name: joined(found).text for name, found in instance.parameters.items()})
        with walk.bearing(measures, stays=True):
            walk.start_values(environment, command, walk.at(instance.lines["command"]), user)
    return True


def _jail(walk: "Walk", environment: Environment, call: Call) -> Status:
    if walk.instance is not None:
        walk.instance.parameters["jail"] = call.words[2:]
    return True


def _start_service(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`rc_procd function`: what rc.common's own start does."""
    if call.text(1) in environment.functions:
        walk.call(environment, call.text(1), *call.words[2:])
    return True


ROWS: dict[str, Row] = {
    "config_load": _load,
    "config_foreach": _foreach,
    "config_list_foreach": _list_foreach,
    "config_get": _get,
    "config_get_bool": _get_bool,
    "uci_validate_section": _validate,
    "uci_load_validate": _load_validate,
    "procd_open_instance": _open,
    "procd_set_param": _set_param,
    "procd_append_param": _append_param,
    "procd_close_instance": _close,
    "procd_add_jail": _jail,
    "rc_procd": _start_service,
}
