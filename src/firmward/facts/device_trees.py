"""The device trees of the image: which of them boots, and what each says of serial lines, debug ports, keepers of keys
and switches that notice when a case is opened.

Rules. `stdout-path` in /chosen (before 2014 `linux,stdout-path`) is a path or an alias with options behind a colon
(Devicetree specification 0.4, section 3.6); a node is in use when neither it nor one above it has a `status` other
than `okay` or `ok` (2.3.4). What a node is its `compatible` says, as Linux's bindings name them: `arm,coresight-*` and
the debug modules of RISC-V; tpm, crypto/fsl,sec-v4.0, firmware/linaro,optee-tz, and the secure elements; buttons that
count as switches are children of `gpio-keys`. Which of several trees boots: boot_tree.py.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from itertools import islice

from firmward.facts import debug_pins
from firmward.facts.boot_tree import Choice, chosen
from firmward.facts.fits import Fits
from firmward.facts.parts_of_kind import read_each
from firmward.facts.stored_environments import StoredEnvironments
from firmward.facts.uboots import Uboots
from firmward.formats import device_tree
from firmward.formats.device_tree import Node, Tree
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.parts import Content, Parts

__all__ = ["Choice", "DeviceNode", "DeviceTrees", "FoundTree", "collect"]

KIND = "device-tree"
TREE_LIMIT = 4 << 20
"""Bytes of a tree; the largest of Debian's has some 300 KiB."""
NODES_LIMIT = 500
"""Nodes told of one tree and one purpose; boards with many cores have some eighty for tracing."""
WORDS_LIMIT = 16
"""Words of one node's `compatible`; bindings list up to five."""
WORDS_KEPT = 4096
"""Values of `compatible` whose meaning is remembered; a kernel's hundreds of trees have some two thousand."""

_MARKS = frozenset(("u-boot,dm-pre-reloc", "u-boot,dm-spl", "u-boot,dm-tpl"))
"""What U-Boot's own trees say of nodes that it needs early."""
READ = _MARKS | {"compatible", "model", "status", "label", "stdout-path", "linux,stdout-path"}


@dataclass(frozen=True, slots=True)
class DeviceNode:
    """A node by its `path`, with its `compatible` words; `is_enabled` by its own status and that of those above.
    `kind` says what it is in one word, `label` what the board calls it, empty when it does not."""

    path: str
    compatible: tuple[str, ...] = ()
    is_enabled: bool = True
    kind: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class FoundTree:
    """One tree, `at`, with the board's `model` and `compatible` words, and its `choice`: whether it is what boots.

    `stdout` is the node where /chosen sends messages, None where none is chosen. `serials` are serial lines (`uart`),
    `debug` parts of debug ports and tracing (`coresight`, `riscv-debug`, and `pins` given to JTAG), `security` what
    keeps keys or watches (`tpm`, `caam`, `optee`, `secure-element`, `snvs`, `tamp`), `tamper` switches and monitors
    that notice an opened case (`switch`, `monitor`); enabled or not, of the pins those that are.
    """

    at: Location
    model: str = ""
    compatible: tuple[str, ...] = ()
    choice: Choice = Choice.BOOTS
    stdout: DeviceNode | None = None
    serials: tuple[DeviceNode, ...] = ()
    debug: tuple[DeviceNode, ...] = ()
    security: tuple[DeviceNode, ...] = ()
    tamper: tuple[DeviceNode, ...] = ()

    def keeps(self, kind: str) -> bool:
        """Whether something of this kind keeps keys on the board and is in use."""
        return any(one.kind == kind and one.is_enabled for one in self.security)

    @property
    def name(self) -> str:
        """What it is called in words."""
        return f"{self.model or 'a board'} in {self.at.part}"


@dataclass(frozen=True, slots=True)
class DeviceTrees:
    """All that were `found`; `unread` says in words which could not be. Equal trees are told once."""

    found: tuple[FoundTree, ...]
    unread: tuple[str, ...] = ()

    @property
    def candidates(self) -> tuple[FoundTree, ...]:
        """Those that boot; where this is not known, all that may."""
        boots = tuple(one for one in self.found if one.choice is Choice.BOOTS)
        return boots or tuple(one for one in self.found if one.choice is Choice.POSSIBLE)

    @property
    def is_settled(self) -> bool:
        """Whether each of the candidates boots, and not one of many."""
        return all(one.choice is Choice.BOOTS for one in self.candidates)

    def of_board(self, board: str | None) -> "DeviceTrees":
        """With what a board of this name boots, as the words of the trees tell; the same where none bears it."""
        if board is None or self.is_settled:
            return self
        named = {one.at for one in self.candidates if any(word.partition(",")[2] == board for word in one.compatible)}
        if not named:
            return self
        fitting = Choice.BOOTS if len(named) == 1 else Choice.POSSIBLE
        found = (
            replace(one, choice=fitting if one.at in named else Choice.OTHER) if one.choice is Choice.POSSIBLE else one
            for one in self.found
        )
        return DeviceTrees(tuple(found), self.unread)

    def whether(self, holds: Callable[[FoundTree], bool]) -> bool | Unknown:
        """Whether this holds of a tree that boots; where it is not known which, only what all of them agree on."""
        told = {holds(one) for one in self.candidates}
        if told == {True, False} and not self.is_settled:
            return Unknown(f"which of {len(self.candidates)} device trees boots is not known, and they differ")
        if True not in told and self.unread:
            return Unknown("; ".join(self.unread[:3]))
        return True in told


def collect(
    parts: Parts,
    fits: Fits | None | Unknown,
    uboots: Uboots | None | Unknown,
    environments: StoredEnvironments | None | Unknown,
) -> DeviceTrees | None:
    first: dict[bytes, str] = {}
    copies: dict[str, list[str]] = {}

    def read(at: Location, _: str, content: Content) -> tuple[FoundTree, bool, bool] | None:
        if content.size > TREE_LIMIT:
            raise Malformed(f"{content.size} bytes are too many for a device tree")
        data = content.read(0, content.size)
        id = at.part or ""
        known = first.setdefault(sha256(data).digest(), id)
        copies.setdefault(known, []).append(id)
        return _told(device_tree.parse(data, READ), at, _pins(data)) if known == id else None

    told, unread = read_each(parts, (KIND,), read)
    whole = [one for one in told if one is not None]
    loaders = frozenset(one.at.part or "" for one, is_loaders, _ in whole if is_loaders)
    overlays = frozenset(one.at.part or "" for one, _, is_overlay in whole if is_overlay)
    choices = chosen(parts, copies, loaders, overlays, (fits, uboots, environments))
    found = tuple(replace(one, choice=choices[one.at.part or ""]) for one, _, _ in whole)
    return DeviceTrees(found, unread) if found or unread else None


def _pins(data: bytes) -> list[DeviceNode]:
    if not debug_pins.may_be_in(data):
        return []
    steps = _walk(device_tree.parse(data, debug_pins.READ).root)
    paths = debug_pins.selected((path, node, enabled) for path, node, enabled, _ in steps)
    return [DeviceNode(path, kind="pins") for path in islice(paths, NODES_LIMIT)]


def _told(tree: Tree, at: Location, pins: list[DeviceNode]) -> tuple[FoundTree, bool, bool]:
    """The tree, whether it is a boot loader's own, and whether it only changes another."""
    root = tree.root
    kept: dict[str, list[DeviceNode]] = {name: [] for name in ("serials", "debug", "security", "tamper")}
    marked = False
    for path, node, enabled, above in _walk(root):
        marked = marked or not _MARKS.isdisjoint(node.properties)
        for name, kind in _purposes(node, above):
            if len(kept[name]) < NODES_LIMIT:
                kept[name].append(_node(path, node, enabled, kind))
    found = FoundTree(
        at,
        root.text("model") or "",
        root.texts("compatible"),
        stdout=_stdout(tree),
        serials=tuple(kept["serials"]),
        debug=(*kept["debug"], *pins),
        security=tuple(kept["security"]),
        tamper=tuple(kept["tamper"]),
    )
    is_loaders = marked or root.child("binman") is not None or root.child("signature") is not None
    return found, is_loaders, any(one.child("__overlay__") is not None for one in root.children)


def _node(path: str, node: Node, enabled: bool, kind: str) -> DeviceNode:
    return DeviceNode(path, node.texts("compatible"), enabled, kind, node.text("label") or "")


Step = tuple[str, Node, bool, Node | None]
"""Path, node, whether it is in use, and the node above."""


def _walk(root: Node) -> Iterator[Step]:
    waiting: list[Step] = [("/", root, root.is_enabled, None)]
    while waiting:
        step = waiting.pop()
        yield step
        path, node, enabled, _ = step
        if node.children:
            base = path if path == "/" else path + "/"
            waiting.extend(
                (base + one.name, one, enabled and ("status" not in one.properties or one.is_enabled), node)
                for one in reversed(node.children)
            )


def _stdout(tree: Tree) -> DeviceNode | None:
    node = tree.root.child("chosen")
    text = None if node is None else node.text("stdout-path") or node.text("linux,stdout-path")
    path = (text or "").partition(":")[0]
    if path and not path.startswith("/"):
        first, sign, rest = path.partition("/")
        path = (tree.aliases.get(first) or "") + sign + rest
    found, enabled, place = tree.root, tree.root.is_enabled, ""
    for step in filter(None, path.split("/")):
        below = found.child(step)
        if below is None:
            return None
        found, enabled, place = below, enabled and below.is_enabled, f"{place}/{below.name}"
    return _node(place, found, enabled, _uart_or_nothing(found)) if place else None


def _uart_or_nothing(node: Node) -> str:
    return next((kind for name, kind in _purposes(node, None) if name == "serials"), "")


_UART = re.compile(r"uart|usart|dbgu|pl01[01]|scif|sci[ab]?$|16[45678]50|8250")
_SERIAL_NAMES = ("serial", "uart", "usart", "lpuart")
_DEBUG = (("coresight", re.compile(r"\w+,coresight-[\w.-]+")), ("riscv-debug", re.compile(r"\w+,debug-01[13]")))
_SECURITY = (
    ("tpm", re.compile(
        r"tcg,tpm[\w-]*|infineon,(?:slb9\w+|tpm[\w-]*)|st,st33\w+-(?:spi|i2c)|nuvoton,npct\w+|winbond,wpct\w+|"
        r"atmel,(?:at97sc\w+|attpm\w+)|google,cr50|microsoft,ftpm|ibm,vtpm[\w.]*|nationz,\w+|socionext,[\w-]+-tpm-mmio"
    )),
    ("caam", re.compile(r"fsl,(?:sec-?v[45][\d.]*|imx\w+-caam)")),
    ("optee", re.compile(r"linaro,optee-tz")),
    ("secure-element", re.compile(r"(?:atmel|microchip),atecc\w+|nxp,se05\w+|(?:st|infineon),(?:stsafe|optiga)[\w-]*")),
    ("snvs", re.compile(r"fsl,sec-?v[45][\d.]*-mon")),
    ("tamp", re.compile(r"st,stm32(?:mp\d+)?-tamp")),
)  # fmt: skip
_TAMPER = (("monitor", re.compile(r"st,stm32(?:mp\d+)?-tamp|[\w,.-]*(?:secvio|tamper)[\w-]*")),)
_SWITCH = re.compile(r"tamper|intrusion|(?:^|[^a-z])(?:case|cover|chassis|enclosure|housing|lid|door)(?:[^a-z]|$)")
_KEYS = frozenset(("gpio-keys", "gpio-keys-polled"))


def _purposes(node: Node, above: Node | None) -> Iterator[tuple[str, str]]:
    """The lists that a node belongs into, each with what it is there."""
    if "compatible" in node.properties:
        yield from _meant(node.properties["compatible"], node.name.partition("@")[0] in _SERIAL_NAMES)
    is_key = above is not None and "compatible" in above.properties and _is_keys(above.properties["compatible"])
    if is_key and _SWITCH.search(f"{node.name.lower()} {(node.text('label') or '').lower()}"):
        yield "tamper", "switch"


@lru_cache(WORDS_KEPT)
def _meant(compatible: bytes, is_named_serial: bool) -> tuple[tuple[str, str], ...]:
    """What the words of a node make it: thousands of nodes in hundreds of trees bear the same ones."""
    words = device_tree.strings(compatible)[:WORDS_LIMIT]
    found = []
    if is_named_serial or any(_UART.search(word.rpartition(",")[2]) for word in words):
        found.append(("serials", "uart"))
    for name, rows in (("debug", _DEBUG), ("security", _SECURITY), ("tamper", _TAMPER)):
        found += [(name, kind) for kind, row in rows if any(row.fullmatch(word) for word in words)]
    return tuple(found)


@lru_cache(WORDS_KEPT)
def _is_keys(compatible: bytes) -> bool:
    return not _KEYS.isdisjoint(device_tree.strings(compatible)[:WORDS_LIMIT])
