"""Find a unit's file and its drop-ins, and join them.

Rules, from systemd.unit(5). The first folder of the search path that has the name wins. A link to /dev/null and an
empty file mask the unit; a link to a unit of another name makes an alias; an instance takes its template's file.
Drop-ins (`NAME.d`, the template's, `foo-.service.d` for the beginnings of a name at its hyphens, then `service.d` for
the whole type) are sorted by file name over all folders; of one file name only the first counts, the more particular
folder before the general. An empty value takes back what was set before, except for dependencies.
"""

from collections.abc import Iterator

from firmward.facts.units.unit import Setting, Unit
from firmward.formats import unit_file
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Entry, Kind, Tree

FOLDERS = (
    "etc/systemd/system.control",
    "run/systemd/system.control",
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
)
_KINDS = "service socket target device mount automount swap timer path slice scope"
KINDS = frozenset(_KINDS.split())
_CUMULATIVE = """
Wants Requires Requisite BindsTo PartOf Upholds Conflicts Before After OnFailure OnSuccess PropagatesReloadTo
ReloadPropagatedFrom JoinsNamespaceOf
"""
CUMULATIVE = frozenset(_CUMULATIVE.split())
"""Settings that an empty value does not take back."""

TO_NOTHING = frozenset(("CapabilityBoundingSet",))
"""Settings whose empty value is a value: no capability at all."""

NULL = "/dev/null"


class Units:
    """The units of a tree by name, each loaded once."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.problems: list[str] = []
        self.lost: dict[str, None] = {}
        self._folders = _distinct_folders(tree)
        self._entries = dict(self._listed())
        self._aliases: dict[str, set[str]] = {}
        for name in self._entries:
            target = self.true_name(name)
            if target != name:
                self._aliases.setdefault(target, set()).add(name)
        self._loaded: dict[str, Unit | None] = {}

    def _listed(self) -> Iterator[tuple[str, tuple[Entry, ...]]]:
        """Every unit name with its entries, the one that counts first."""
        found: dict[str, list[Entry]] = {}
        for folder in self._folders:
            for name in self.tree.names(folder):
                entry = self.tree.lstat(f"{folder}/{name}")
                if entry is not None and name.rpartition(".")[2] in KINDS and entry.kind in (Kind.FILE, Kind.SYMLINK):
                    found.setdefault(name, []).append(entry)
        return ((name, tuple(found[name])) for name in sorted(found))

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that has a file or a link, aliases and templates among them."""
        return tuple(self._entries)

    @property
    def folders(self) -> tuple[str, ...]:
        return self._folders

    def true_name(self, name: str) -> str:
        """The unit that a name means: aliases followed."""
        seen = set()
        while name not in seen:
            seen.add(name)
            entry = self._entry(name)
            target = (entry.target or "") if entry is not None and entry.kind is Kind.SYMLINK else ""
            aim = target.rpartition("/")[2]
            if target == NULL or aim in ("", name) or aim.rpartition(".")[2] not in KINDS:
                break
            name = _instance_of(aim, name)
        return name

    def aliases(self, name: str) -> tuple[str, ...]:
        return tuple(sorted(self._aliases.get(name, ())))

    def is_configured(self, name: str) -> bool:
        """Whether this name stands in etc, where the administrator and `enable` write."""
        entry = self._entry(name)
        return entry is not None and entry.path.startswith("etc/")

    def is_masked(self, name: str) -> bool:
        entry = self._entry(name)
        if entry is None:
            return False
        return entry.target == NULL or (entry.kind is Kind.FILE and entry.size == 0)

    def get(self, name: str) -> Unit | None:
        """The unit of this name, an alias's own unit; None when it has no file. A masked one has what is masked."""
        name = self.true_name(name)
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _entry(self, name: str) -> Entry | None:
        entries = self._entries.get(name) or self._entries.get(template_of(name) or "")
        return entries[0] if entries else None

    def _load(self, name: str) -> Unit | None:
        entries = self._entries.get(name) or self._entries.get(template_of(name) or "", ())
        readable = [entry for entry in entries if entry.target != NULL and entry.size and self.tree.is_file(entry.path)]
        drop_ins = tuple(self._drop_ins(name))
        if not entries and not drop_ins:
            return None
        sections: dict[str, list[Setting]] = {}
        for path in (*(entry.path for entry in readable[:1]), *drop_ins):
            self._read(path, sections)
        first = (*readable, *entries)[:1]
        settled = {section: tuple(settings) for section, settings in sections.items()}
        return Unit(name, first[0].path if first else None, settled, drop_ins, self.aliases(name))

    def _read(self, path: str, sections: dict[str, list[Setting]]) -> None:
        try:
            text = self.tree.text(path)
        except Unavailable as reason:
            self.problems.append(reason.reason)
            self.lost[reason.reason] = None
            return
        parsed = unit_file.parse(text or "")
        self.problems.extend(f"{path}: {problem}" for problem in parsed.problems)
        for setting in parsed.settings:
            settings = sections.setdefault(setting.section, [])
            if setting.value:
                settings.append(Setting(setting.key, setting.value, Location(path, setting.line)))
            elif setting.key not in CUMULATIVE:
                settings[:] = [known for known in settings if known.key != setting.key]
                if setting.key in TO_NOTHING:
                    settings.append(Setting(setting.key, "", Location(path, setting.line)))

    def _drop_ins(self, name: str) -> Iterator[str]:
        """The paths of the drop-ins in the order in which they count."""
        found: dict[str, str] = {}
        masked = set()
        for folder in self._drop_in_folders(name):
            for path in self.tree.list(folder):
                file = path.rpartition("/")[2]
                if not file.endswith(".conf") or file in found or file in masked:
                    continue
                entry = self.tree.lstat_through(path)
                if entry is not None and entry.target == NULL:
                    masked.add(file)
                else:
                    found[file] = path
        return (found[file] for file in sorted(found))

    def _drop_in_folders(self, name: str) -> Iterator[str]:
        names = [name, *self.aliases(name)]
        for one in names:
            for folder in self._folders:
                yield from (f"{folder}/{variant}.d" for variant in name_variants(one))
        yield from (f"{folder}/{name.rpartition('.')[2]}.d" for folder in self._folders)


def name_variants(name: str) -> tuple[str, ...]:
    """The names whose drop-ins count for a unit: its own, its template's, and its beginnings at hyphens."""
    stem, _, kind = name.rpartition(".")
    prefix, at, _ = stem.partition("@")
    hyphens = [index for index, sign in enumerate(prefix) if sign == "-" and 0 < index < len(prefix) - 1]
    beginnings = [prefix[: index + 1] for index in hyphens]
    template = (f"{prefix}@.{kind}",) if at else ()
    return (name, *template, *(f"{beginning}.{kind}" for beginning in reversed(beginnings)))


def template_of(name: str) -> str | None:
    """The template of an instance."""
    stem, _, kind = name.rpartition(".")
    prefix, at, instance = stem.partition("@")
    return f"{prefix}@.{kind}" if at and instance else None


def _instance_of(aim: str, name: str) -> str:
    """An alias of a template hands its instance on."""
    stem = name.rpartition(".")[0]
    prefix, at, kind = aim.partition("@.")
    instance = stem.partition("@")[2]
    return f"{prefix}@{instance}.{kind}" if at and instance else aim


def _distinct_folders(tree: Tree) -> tuple[str, ...]:
    """The folders of the search path under their true names; lib is mostly a link to usr/lib."""
    found: dict[str, None] = {}
    for folder in FOLDERS:
        entry = tree.resolve(folder)
        if entry is not None and entry.kind is Kind.DIRECTORY:
            found.setdefault(entry.path)
    return tuple(found)
