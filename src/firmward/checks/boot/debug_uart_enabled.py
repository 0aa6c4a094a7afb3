"""debug-uart-enabled"""

from collections.abc import Iterator

from firmward.checks.boot.declared.console import closing
from firmward.facts.device_trees import Choice, DeviceNode, DeviceTrees, FoundTree
from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetDeviceTreeProperty, SetUbootOption
from firmward.model.remedy import Stage as RemedyStage

OUTPUT_ONLY = '[boot]\nconsole = "output-only"\n'
DEAF = ("nulldev", "")
"""What `stdin` of U-Boot's environment is where it reads from nowhere."""
DEAFENED = "setenv stdin nulldev"
DEAFENING = (
    SetUbootOption("CONFIG_SYS_DEVICE_NULLDEV", "y"),
    SetUbootOption("CONFIG_SYS_CONSOLE_IS_IN_ENV", "y"),
    SetUbootOption("CONFIG_USE_PREBOOT", "y"),
    SetUbootOption("CONFIG_PREBOOT", f'"{DEAFENED}"'),
)
"""U-Boot runs `preboot` before it counts down, and looks for no key afterwards."""
SILENT = (
    "nobody sees messages on the serial line any more, and a boot loader with the same tree that demands a console "
    "(CONFIG_REQUIRE_SERIAL_CONSOLE) does not start"
)


def _board(*stdouts: DeviceNode | None, choice: Choice = Choice.BOOTS) -> DeviceTrees:
    return DeviceTrees(
        tuple(
            FoundTree(Location(part=f"image/{number}.dtb"), "Camera 2", ("maker,camera-2",), choice, stdout)
            for number, stdout in enumerate(stdouts)
        )
    )


def _loader(commands: frozenset[str] | None, **variables: str) -> Uboots:
    at = Location(part="image/u-boot")
    return Uboots((FoundUboot(at, "2023.01", frozenset((Stage.PROPER,)), commands, variables=variables),))


UART = DeviceNode("/soc/serial@fe201000", ("arm,pl011",), is_enabled=True, kind="uart")
CLOSED = DeviceNode("/soc/serial@fe201000", ("arm,pl011",), is_enabled=False, kind="uart")
PROMPT = frozenset(("bootm", "md", "setenv"))


@check(
    title="The debug serial line is open",
    severity=Severity.MEDIUM,
    practice="P09",
    cwe=1191,
    bad=(
        Example(facts=(_board(UART),)),
        Example(facts=(_board(UART, UART, choice=Choice.POSSIBLE),)),
        Example(facts=(_board(CLOSED), _loader(PROMPT, bootdelay="-2"))),
        Example(facts=(_loader(PROMPT),), policy=OUTPUT_ONLY),
    ),
    good=(
        Example(facts=(_board(CLOSED), _loader(None))),
        Example(facts=(_board(None), _loader(PROMPT, stdin="nulldev"))),
        Example(facts=(_board(None), _loader(PROMPT, preboot="setenv stdin nulldev"))),
        Example(facts=(_board(UART), _loader(None)), policy=OUTPUT_ONLY),
    ),
)
def debug_uart_enabled(
    trees: DeviceTrees | None | Unknown, uboots: Uboots | None | Unknown, policy: Policy | None
) -> Findings:
    """The serial line that the board was brought up with stays on its test pads in every device that is sold. As long
    as the device tree leaves it in use and sends messages to it, the kernel talks and listens there; as long as the
    boot loader reads from it, whoever solders three wires is asked what to boot. Leave the line out of the product's
    device tree (`status = "disabled"`, no `stdout-path`), build the boot loader without a prompt, or have it read from
    nowhere. A policy with `console = "output-only"` in its section `boot` accepts the output, and not that the boot
    loader listens.
    """
    doubts: list[str] = []
    accepted = policy is not None and policy.boot is not None and policy.boot.console == "output-only"
    if trees is None and uboots is None:
        raise NotApplicable("no device tree and no U-Boot in the image")
    if not accepted:
        board = None if policy is None or policy.device is None else policy.device.board
        known = trees.of_board(board) if isinstance(trees, DeviceTrees) else trees
        yield from _told_by_trees(known, policy, doubts)
    yield from _told_by_loaders(uboots, policy, doubts)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _told_by_trees(trees: DeviceTrees | None | Unknown, policy: Policy | None, doubts: list[str]) -> Iterator[Finding]:
    if isinstance(trees, Unknown):
        doubts.append(trees.reason)
        return
    if trees is None or not trees.candidates:
        doubts.append("the device tree of the system is not in the image")
        return
    answer = trees.whether(_talks)
    if isinstance(answer, Unknown):
        doubts.append(answer.reason)
    elif answer:
        open_ = [one for one in trees.candidates if _talks(one)]
        for found in open_ if trees.is_settled else open_[:1]:
            yield _of_tree(found, 1 if trees.is_settled else len(open_), policy)


def _talks(found: FoundTree) -> bool:
    return found.stdout is not None and found.stdout.is_enabled and found.stdout.kind == "uart"


def _of_tree(found: FoundTree, trees: int, policy: Policy | None) -> Finding:
    node = found.stdout or DeviceNode("/")
    which = "the device tree" if trees == 1 else f"each of {trees} device trees"
    return Finding(
        "stdout" if trees > 1 else node.path,
        f"{which} ({found.name}) leaves {node.path} in use and sends messages to it",
        at=found.at,
        evidence=f"stdout-path leads to {node.path}, {', '.join(node.compatible)}"[:400],
        remedy=Remedy(
            "Take the debug serial line out of the product's device tree",
            closing(policy),
            RemedyStage.SOURCE,
            (SetDeviceTreeProperty(node.path, "status", '"disabled"'),),
            "" if closing(policy) is Safety.SAFE else SILENT,
        ),
    )


def _told_by_loaders(uboots: Uboots | None | Unknown, policy: Policy | None, doubts: list[str]) -> Iterator[Finding]:
    if isinstance(uboots, Unknown):
        doubts.append(uboots.reason)
        return
    for found in () if uboots is None else uboots.proper:
        prompt = found.has_prompt
        if isinstance(prompt, Unknown):
            doubts.append(f"{found.at.part}: {prompt.reason}")
        elif prompt and not _is_deaf(found):
            yield _of_loader(found, policy)
    doubts += () if uboots is None else uboots.unread


def _is_deaf(found: FoundUboot) -> bool:
    """From its first environment on, or by what it runs before everything else."""
    return found.variables.get("stdin", "serial") in DEAF or found.variables.get("preboot", "").startswith(DEAFENED)


def _of_loader(found: FoundUboot, policy: Policy | None) -> Finding:
    stdin = found.variables.get("stdin")
    return Finding(
        "u-boot",
        f"{found.name} reads commands from its console{'' if stdin is None else f', {stdin}'}",
        at=found.at,
        evidence="a prompt is built in" if stdin is None else f"a prompt is built in; stdin={stdin}",
        remedy=Remedy(
            "Build U-Boot with an input that is none (stdin=nulldev), or, where board code starts the system, without "
            "a prompt (CONFIG_CMDLINE=n)",
            closing(policy),
            RemedyStage.SOURCE,
            DEAFENING,
            ""
            if closing(policy) is Safety.SAFE
            else "nobody types to the boot loader any more, for a repair or a test",
        ),
    )
