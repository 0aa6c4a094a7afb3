"""debug-port-enabled"""

from collections.abc import Iterator

from firmward.facts.device_trees import Choice, DeviceNode, DeviceTrees, FoundTree
from firmward.facts.fuses import Debug, Fuses
from firmward.facts.trace_drivers import KernelTrace, TraceDrivers
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import Change, Remedy, Safety, SetDeviceTreeProperty, SetKernelOption, Stage

WORDS = {"coresight": "CoreSight", "riscv-debug": "the RISC-V debug module", "pins": "pins given to JTAG or SWD"}
FUSES = Location(part="given/fuses")
TOLD = 8
"""Nodes named in a finding."""


def _board(*nodes: DeviceNode, choice: Choice = Choice.BOOTS, trees: int = 1) -> DeviceTrees:
    return DeviceTrees(
        tuple(
            FoundTree(Location(part=f"image/{number}.dtb"), "Camera 2", choice=choice, debug=nodes)
            for number in range(trees)
        )
    )


def _kernel(*options: tuple[str, str]) -> TraceDrivers:
    return TraceDrivers((KernelTrace(Location(part="image/config"), options),))


def _fuses(debug: Debug) -> Fuses:
    return Fuses(FUSES, "i.MX6", True, True, debug, ("bank 0 word 6 is 00000002",))


ETM = DeviceNode("/etm@23040000", ("arm,coresight-etm4x", "arm,primecell"), is_enabled=True, kind="coresight")
PINS = DeviceNode("/soc/pinmux/jtag-pinmux", kind="pins")
OFF = DeviceNode("/etm@23040000", ("arm,coresight-etm4x", "arm,primecell"), is_enabled=False, kind="coresight")


@check(
    title="A debug port is left enabled",
    severity=Severity.MEDIUM,
    practice="P10",
    cwe=1191,
    bad=(
        Example(facts=(_board(ETM),)),
        Example(facts=(_board(ETM), _kernel(("CONFIG_CORESIGHT", "y")))),
        Example(facts=(_board(OFF, ETM, choice=Choice.POSSIBLE, trees=3),)),
        Example(facts=(_board(OFF, PINS),)),
        Example(facts=(_board(OFF), _fuses(Debug.OPEN))),
        Example(facts=(_fuses(Debug.OPEN),)),
    ),
    good=(
        Example(facts=(_board(OFF),)),
        Example(facts=(_board(), _kernel(("CONFIG_CORESIGHT", "m")))),
        Example(facts=(_board(OFF), _fuses(Debug.CLOSED))),
    ),
)
def debug_port_enabled(
    trees: DeviceTrees | None | Unknown,
    drivers: TraceDrivers | None | Unknown,
    fuses: Fuses | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """CoreSight and its like are how a probe, or a program with root's rights, stops the processor, reads its registers
    and memory and follows each instruction: keys and all. Boards are brought up with them, and their nodes stay in use
    in the device tree that is sold, with pins given to JTAG, by which boundary scan reads and drives every pin of the
    chip. Disable the nodes, leave the drivers out of the kernel, and close the port itself
    in the factory, by fuses, as the last step: what the device tree says keeps no probe away. Where the kernel has no
    driver for them it is low.
    """
    board = None if policy is None or policy.device is None else policy.device.board
    yield from _told_by_fuses(fuses, board)
    if trees is None:
        _require_fuses(fuses, board)
        return
    if isinstance(trees, Unknown):
        raise Unavailable(trees.reason)
    known = trees.of_board(board)
    if not known.candidates:
        raise Unavailable("; ".join(known.unread[:3]) or "the device tree of the system is not in the image")
    yield from _told_by_trees(known, drivers)


def _require_fuses(fuses: Fuses | None | Unknown, board: str | None) -> None:
    """Raises NotApplicable or Unavailable where nothing but fuses could answer, and they do not."""
    if fuses is None:
        raise NotApplicable("no device tree and no dump of fuses here")
    if isinstance(fuses, Unknown) or fuses.of_board(board).debug is Debug.UNKNOWN:
        raise Unavailable("what the fuses say of the debug port is not known, and no device tree is here")


def _told_by_fuses(fuses: Fuses | None | Unknown, board: str | None) -> Iterator[Finding]:
    """What the port itself is; where the chip's fuses do not say so, the trees are asked alone."""
    told = fuses.of_board(board) if isinstance(fuses, Fuses) else None
    if told is not None and told.debug is Debug.OPEN:
        yield Finding(
            "fuses",
            f"the {told.soc or 'chip'}'s JTAG is open by its fuses",
            at=told.at,
            evidence="; ".join(told.evidence)[:200] or None,
            remedy=Remedy(
                "Burn the fuses that close the port (i.MX: SJC_DISABLE or a JTAG_SMODE) when all tests have passed",
                Safety.MANUAL,
                Stage.FACTORY,
            ),
        )


def _told_by_trees(trees: DeviceTrees, drivers: TraceDrivers | None | Unknown) -> Iterator[Finding]:
    answer = trees.whether(lambda one: bool(_enabled(one)))
    if isinstance(answer, Unknown):
        raise Unavailable(answer.reason)
    open_ = [one for one in trees.candidates if _enabled(one)]
    for found in open_ if trees.is_settled else open_[:1]:
        yield _finding(found, 1 if trees.is_settled else len(open_), drivers)
    if trees.unread:
        raise Unavailable("; ".join(trees.unread[:3]))


def _enabled(found: FoundTree) -> tuple[DeviceNode, ...]:
    return tuple(node for node in found.debug if node.is_enabled)


def _finding(found: FoundTree, trees: int, drivers: TraceDrivers | None | Unknown) -> Finding:
    nodes = _enabled(found)
    kinds = tuple(dict.fromkeys(node.kind for node in nodes))
    which = "the device tree" if trees == 1 else f"each of {trees} device trees"
    options = (
        dict(option for one in drivers.kernels for option in one.options) if isinstance(drivers, TraceDrivers) else {}
    )
    has_driver = f", and the kernel has drivers for it ({', '.join(list(options)[:3])})" if options else ""
    is_without = "pins" not in kinds and isinstance(drivers, TraceDrivers) and drivers.are_absent
    return Finding(
        kinds[0],
        f"{which} ({found.name}) leaves {len(nodes)} {'node' if len(nodes) == 1 else 'nodes'} of "
        f"{' and '.join(WORDS[kind] for kind in kinds)} in use" + has_driver,
        at=found.at,
        evidence=", ".join(node.path for node in nodes[:TOLD])[:400],
        severity=Severity.LOW if is_without else None,
        remedy=_cure(nodes, bool(options)),
    )


def _cure(nodes: tuple[DeviceNode, ...], is_built: bool) -> Remedy:
    devices = [node for node in nodes if node.kind != "pins"]
    disabled = tuple(SetDeviceTreeProperty(node.path, "status", '"disabled"') for node in devices)
    changes: tuple[Change, ...] = (*disabled, SetKernelOption("CONFIG_CORESIGHT", "n")) if is_built else disabled
    pins = "Give JTAG's pins to nothing in the product's device tree, and close the port by fuses"
    if not devices:
        return Remedy(pins, Safety.MANUAL, Stage.SOURCE)
    return Remedy(
        "Disable the nodes in the product's device tree, give JTAG's pins to nothing, leave the drivers out, and "
        "close the port by fuses",
        Safety.UNSAFE,
        Stage.SOURCE,
        changes,
        "tracing does not work any more (perf's cs_etm, a debugger's probe)",
    )
