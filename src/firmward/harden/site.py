"""Where changes are made: the draft, with what is known of the device."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, fields, replace

from firmward.harden.draft import Draft, Refused
from firmward.model.asked_option import AskedOption
from firmward.model.facts import Facts
from firmward.model.policy import Policy


@dataclass(slots=True)
class Beside:
    """What is no file of the root, as it was asked for: options of kernel and U-Boot by name, properties of the device
    tree by node and name, words to set and to take off the kernel's command line. `reasons` say for an option of the
    kernel or of U-Boot, by the kind of its change, which cure asks for it. `rows` are all options that the kernel is
    asked, whatever was found of them."""

    kernel: dict[str, str] = field(default_factory=dict)
    uboot: dict[str, str] = field(default_factory=dict)
    device_tree: dict[tuple[str, str], str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    no_words: list[str] = field(default_factory=list)
    reasons: dict[tuple[type, str], str] = field(default_factory=dict)
    rows: tuple[AskedOption, ...] = ()

    def copy(self) -> "Beside":
        return Beside(**{one.name: copy(getattr(self, one.name)) for one in fields(self)})


@dataclass(frozen=True, slots=True)
class Site:
    """`facts` are those of the root as it was before any change."""

    draft: Draft
    facts: Facts
    policy: Policy | None = None
    beside: Beside = field(default_factory=Beside)

    def copy(self) -> "Site":
        """One that goes its own way from here."""
        return replace(self, draft=self.draft.copy(), beside=self.beside.copy())

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """All that is changed within is taken back when something is refused."""
        before = self.beside.copy()
        try:
            with self.draft.attempt():
                yield
        except Refused:
            for one in fields(before):
                setattr(self.beside, one.name, getattr(before, one.name))
            raise
