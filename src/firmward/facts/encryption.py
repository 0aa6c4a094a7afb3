"""What encrypts the device's storage, as far as its configuration shows it.

Rules: etc/crypttab (crypttab(5)) names mapped devices, which systemd or an init script opens; `cryptsetup` (open,
luksOpen, plainOpen, create), systemd-cryptsetup and `dmsetup create` open others; fscrypt, fscryptctl and e4crypt put a
policy on a folder; eCryptfs, gocryptfs and encfs are file systems of their own. What an initramfs in another part opens
is not seen here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firmward.facts.process import Process, Start, applet
from firmward.facts.startup import Startup
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

CRYPTTAB = "etc/crypttab"
MAPPED = "/dev/mapper/"
OPENERS = frozenset(("open", "luksOpen", "plainOpen", "create", "bitlkOpen", "tcryptOpen", "fvault2Open"))
FOLDER_TOOLS = {"fscryptctl": ("set_policy",), "e4crypt": ("set_policy", "add_key"), "fscrypt": ("encrypt", "unlock")}


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapped device: its `name`, the `device` beneath, the `key` as written (a path; None where it is asked for or
    unsealed), the `options` of crypttab, and `at`, where it stands."""

    name: str
    device: str
    at: Location
    key: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Encryption:
    """`mappings` are the devices that are opened, `folders` those under a policy of fscrypt (leading slash).

    `unread` says in words what could not be worked out.
    """

    mappings: tuple[Mapping, ...]
    folders: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(mapping.name for mapping in self.mappings)


def collect(tree: Tree, startup: Startup | Unknown | None) -> Encryption | None:
    text = tree.text(CRYPTTAB)
    if text is None and startup is None:
        return None
    mappings = list(_listed(text or ""))
    folders: dict[str, None] = {}
    unread = [startup.reason] if isinstance(startup, Unknown) else []
    if isinstance(startup, Startup):
        unread += [startup.blind] if startup.blind is not None else []
        for process in startup.processes:
            if process.start is not Start.DISABLED:
                mappings += _opened(process)
                folders |= dict.fromkeys(_folders(process))
    unread += [f"{mapping.at}: what is opened is known at run time only" for mapping in mappings if "$" in mapping.name]
    return Encryption(tuple(mappings), tuple(folders), tuple(unread))


def _listed(text: str) -> Iterator[Mapping]:
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split()
        if len(fields) > 1 and not fields[0].startswith("#"):
            key = fields[2] if len(fields) > 2 and fields[2] not in ("none", "-") else None
            options = tuple(fields[3].split(",")) if len(fields) > 3 else ()
            yield Mapping(fields[0], fields[1], Location(CRYPTTAB, number), key, options)


VALUED = frozenset((
    "-d", "--key-file", "--master-key-file", "--volume-key-file", "-c", "--cipher", "-h", "--hash", "-s",
    "--key-size", "-b", "--size", "-o", "--offset", "-S", "--key-slot", "--keyfile-size", "-l", "--keyfile-offset",
    "--new-keyfile-size", "--new-keyfile-offset", "-p", "--skip", "-i", "--iter-time", "-T", "--tries", "-t",
    "--timeout", "--header", "--type", "-M", "--label", "--subsystem", "--uuid", "--pbkdf", "--pbkdf-memory",
    "--pbkdf-parallel", "--pbkdf-force-iterations", "--priority", "--sector-size", "--perf", "--token-id",
    "--token-type", "--keyslot-key-size", "--veracrypt-pim", "--align-payload", "--integrity", "--link-vk-to-keyring",
))  # fmt: skip


def options_of(argv: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The operands of a cryptsetup command, and the values of its options."""
    operands: list[str] = []
    values: dict[str, str] = {}
    words = list(argv[1:])[::-1]
    while words:
        word = words.pop()
        name, equals, value = word.partition("=")
        if word.startswith("--") and equals:
            values[name] = value
        elif word in VALUED:
            values[word] = words.pop() if words else ""
        elif word[:2] == "-d" and not word.startswith("--"):
            values["-d"] = word[2:]
        elif not word.startswith("-") or word == "-":
            operands.append(word)
    return tuple(operands), values


def _opened(process: Process) -> Iterator[Mapping]:
    argv = applet(process.argv)
    operands, values = options_of(argv)
    match (process.program, *operands):
        case ("cryptsetup", "create", name, device, *_) if not name.startswith("/dev/"):
            yield Mapping(name, device, process.at, _key(values))
        case ("cryptsetup", action, device, name, *_) if action in OPENERS:
            yield Mapping(name, device, process.at, _key(values))
        case ("systemd-cryptsetup", "attach", name, device, *rest):
            yield Mapping(name, device, process.at, rest[0] if rest and rest[0] not in ("-", "none") else None)
        case ("dmsetup", "create", name, *_) if " crypt " in " ".join((*argv, process.told or "")):
            yield Mapping(name, "", process.at)


def _key(values: dict[str, str]) -> str | None:
    return next((values[name] for name in ("-d", "--key-file") if name in values), None)


def _folders(process: Process) -> Iterator[str]:
    argv = applet(process.argv)
    if any(action in argv for action in FOLDER_TOOLS.get(process.program, ())):
        yield from (word for word in argv[2:] if word.startswith("/"))
