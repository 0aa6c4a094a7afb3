"""Fill families on demand: each once, each from the file that defines its record.

A family's module has `collect`, whose typed parameters are the tree or other families, under the same rules as a
check's (model/check.py). An absent or unknown dependency that the collector does not ask about makes the family absent
or unknown itself. A collector that fails is a family that is unknown, with the reason; it never ends the audit.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module

from firmward.facts.advisories import Advisories
from firmward.facts.bills import Bills
from firmward.facts.lifecycle import Lifecycle, shipped
from firmward.model.check import Read, signature_reads
from firmward.model.facts import Facts, OutOfTime, Source, Unavailable, Unknown
from firmward.model.parts import Parts
from firmward.model.tree import Tree
from firmward.model.words import WordSearch

GIVEN = frozenset((Source, Parts, WordSearch, Lifecycle, Advisories, Bills))
"""What a collection is given, beside the tree."""

HEAVY = ("contents.Contents",)
"""The families that read every file of a tree, by module and name: a host with cores to spare collects them beside the
others, and starts with them before it knows all the others."""


ROOTLESS = frozenset(
    (
        "kernel_command_line.KernelCommandLine",
        "kernel_config.KernelConfigs",
        "lives.Lives",
        "vulnerabilities.Vulnerabilities",
    )
)
"""The families of which a root has something to say and other parts of an image have too."""


def heavy() -> tuple[type, ...]:
    names = (name.rpartition(".") for name in HEAVY)
    return tuple(getattr(import_module(f"{__package__}.{module}"), name) for module, _, name in names)


def is_of_image(families: Iterable[type]) -> bool:
    """Whether these are collected from the parts of an image and from no tree, so that they are the same for every root
    in it."""
    read = _read(families)
    return Parts in read and not any(issubclass(family, Tree) for family in read)


def is_of_rootless(families: Iterable[type]) -> bool:
    """Whether all of these are known without a root file system too, by what lies in an image or was given by hand."""
    named = {f"{family.__module__.rpartition('.')[2]}.{family.__name__}" for family in families}
    return bool(named) and named <= ROOTLESS


def _read(families: Iterable[type], known: Container[type] = GIVEN) -> frozenset[type]:
    """These families and all that they are collected from, down to those that are known."""
    found: set[type] = set()
    pending = list(families)
    while pending:
        family = pending.pop()
        if family in found:
            continue
        found.add(family)
        if family not in known and not issubclass(family, Tree):
            pending += (read.family for read in signature_reads(import_module(family.__module__).collect))
    return frozenset(found)


class Collection:
    """The facts of one tree, collected as they are asked for. `parts` is the image that it lies in, where it is known;
    without a `lifecycle` the shipped one counts, and without `advisories` nothing is known of vulnerabilities. `bills`
    name components.

    Each family is collected inside `in_time()`, which raises Unavailable when there is no time left, and OutOfTime when
    it ends meanwhile.
    """

    def __init__(
        self,
        tree: Tree,
        source: Source = Source.IMAGE,
        in_time: Callable[[], AbstractContextManager[object]] = nullcontext,
        parts: Parts | None = None,
        words: WordSearch | None = None,
        lifecycle: Lifecycle | None = None,
        advisories: Advisories | None = None,
        bills: Bills | None = None,
    ) -> None:
        self._tree = tree
        self._source = source
        self._in_time = in_time
        self._families: dict[type, object] = {
            Source: source,
            Parts: parts,
            WordSearch: words or WordSearch(),
            Lifecycle: lifecycle or shipped(),
            Advisories: advisories or Advisories(),
            Bills: bills or Bills(),
        }
        self._underway: set[type] = set()
        self._elsewhere: dict[type, Callable[[], object]] = {}

    def expect(self, family: type, answer: Callable[[], object]) -> None:
        """This family is being collected elsewhere; `answer` waits for it."""
        self._elsewhere[family] = answer

    def needed(self, families: Iterable[type], among: Sequence[type]) -> tuple[type, ...]:
        """Those `among` these that some of the families are collected from, or that are asked for themselves."""
        needed = _read(families, self._families)
        return tuple(family for family in among if family in needed)

    def facts(self, subject: str, families: Iterable[type]) -> Facts:
        """Finished facts: exactly the families asked for. What waits for another process comes last."""
        asked = tuple(families)
        waiting = [family for family in asked if self._elsewhere.keys() & _read((family,), self._families)]
        for family in asked:
            if family not in waiting:
                self.get(family)
        return Facts(subject, self._source, {family: self.get(family) for family in asked})

    def get(self, family: type) -> object:
        """The family's record, None or Unknown."""
        if family in self._elsewhere:
            self._families[family] = self._elsewhere.pop(family)()
        if family not in self._families:
            if family in self._underway:
                raise TypeError(f"{family.__name__} needs itself")
            self._underway.add(family)
            try:
                self._families[family] = self._collect(family)
            finally:
                self._underway.discard(family)
        return self._families[family]

    def _collect(self, family: type) -> object:
        collect = import_module(family.__module__).collect
        arguments: dict[str, object] = {}
        for read in signature_reads(collect):
            value = self._argument(read)
            if (value is None and not read.absent) or (isinstance(value, Unknown) and not read.unknown):
                return value
            arguments[read.name] = value
        try:
            with self._in_time():
                return collect(**arguments)
        except (Unavailable, OutOfTime) as reason:
            return Unknown(str(reason))
        except RecursionError:
            return Unknown(f"{family.__name__}: nested too deeply to read")
        except Exception as fault:  # a fault in one collector costs one family, and is told
            return Unknown(f"{family.__name__}: internal error, {type(fault).__name__}: {fault}")

    def _argument(self, read: Read) -> object:
        return self._tree if issubclass(read.family, Tree) else self.get(read.family)
