"""A check: a pure function from facts and policy to findings, with all that is written about it.

The id is the file's name and the area its folder, so that nothing is written twice and nothing is registered. The typed
parameters say which facts the check reads:

- `sshd: Sshd` runs when the record is there; absent gives notapplicable, unknown gives unknown;
- `sshd: Sshd | None` is asked about absence too;
- `sshd: Sshd | None | Unknown` is asked in every state;
- `policy: Policy` and `clock: Clock` are inputs alike: without a policy the check is unknown.

A check may raise `Unavailable(reason)` when it cannot decide (what it found before counts), and `NotApplicable(reason)`
when the question has no sense for this subject.
"""

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module

from firmward.model.facts import Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content

Findings = Iterator[Finding]


class NotApplicable(Exception):  # noqa: N818 - an outcome, not a fault
    """The question has no sense for this subject."""


@dataclass(frozen=True, slots=True)
class Example:
    """A small system that shows the check: files by path, and the policy's TOML when the question needs one.

    `facts` are records for what no small file shows, such as a hash tree over a whole partition; each stands for its
    family, whatever the files say.
    """

    files: Mapping[str, Content] = field(default_factory=dict)
    policy: str | None = None
    facts: tuple[object, ...] = ()


Examples = Mapping[str, Content] | Example | tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """One parameter of a check or a collector."""

    name: str
    family: type
    absent: bool
    unknown: bool


@cache
def signature_reads(function: Callable[..., object]) -> tuple[Read, ...]:
    """What a function asks for, from its annotations."""
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    return tuple(_read(name, hint) for name, hint in hints.items())


def _read(name: str, hint: object) -> Read:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    families = [option for option in options if isinstance(option, type) and option not in (type(None), Unknown)]
    if len(families) != 1:
        raise TypeError(f"parameter {name} must name exactly one family, not {hint}")
    return Read(name, families[0], absent=type(None) in options, unknown=Unknown in options)


@dataclass(frozen=True)
class Check:
    """Made by the decorator, never by hand."""

    id: str
    area: str
    title: str
    severity: Severity
    practice: tuple[str, ...]
    cwe: int | None
    doc: str
    find: Callable[..., Findings] = field(repr=False)
    bad: tuple[Example, ...] = field(repr=False)
    good: tuple[Example, ...] = field(repr=False)

    def __reduce__(self) -> tuple[object, ...]:
        """A check is sent between processes by its name; its function has been replaced by this very object."""
        return _named, (self.find.__module__, self.find.__name__)

    @cached_property
    def reads(self) -> tuple[Read, ...]:
        return signature_reads(self.find)


def check(
    *,
    title: str,
    severity: Severity,
    practice: str,
    cwe: int | None,
    bad: Examples,
    good: Examples,
) -> Callable[[Callable[..., Findings]], Check]:
    """Make a check of the function below. `practice` names one or more rows of the practices, `"P18 P44"`."""

    def decorate(function: Callable[..., Findings]) -> Check:
        area, _, name = function.__module__.rpartition(".")
        return Check(
            id=name.replace("_", "-"),
            area=area.rpartition(".")[2],
            title=title,
            severity=severity,
            practice=tuple(practice.split()),
            cwe=cwe,
            doc=function.__doc__ or "",
            find=function,
            bad=_examples(bad),
            good=_examples(good),
        )

    return decorate


def _named(module: str, name: str) -> object:
    return getattr(import_module(module), name)


def _examples(given: Examples) -> tuple[Example, ...]:
    if isinstance(given, tuple):
        return given
    return (given,) if isinstance(given, Example) else (Example(given),)
