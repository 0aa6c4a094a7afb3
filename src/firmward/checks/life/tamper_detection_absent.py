"""tamper-detection-absent"""

from firmward.facts.device_trees import DeviceTrees
from firmward.facts.tamper_watches import GENERAL, TamperWatches, words
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

POLICY = '[tamper]\ninputs = ["case"]\n'
INITTAB = "::sysinit:/etc/init.d/rcS\n"
RULE = 'SUBSYSTEM=="input", ATTRS{name}=="case-switch", RUN+="/usr/libexec/note-opening"\n'


@check(
    title="Nobody notices an opened case",
    severity=Severity.LOW,
    practice="P40",
    cwe=1263,
    bad=(
        Example({"etc/inittab": INITTAB}, policy=POLICY),
        Example({"etc/inittab": INITTAB, "etc/udev/rules.d/10-case.rules": f"# {RULE}"}, policy=POLICY),
    ),
    good=(
        Example({"etc/inittab": INITTAB, "etc/udev/rules.d/10-case.rules": RULE}, policy=POLICY),
        Example({"etc/inittab": f"{INITTAB}::respawn:/usr/sbin/gpiomon --input case\n"}, policy=POLICY),
        Example({"etc/inittab": f"{INITTAB}::respawn:/usr/sbin/tamperd\n"}, policy=POLICY),
    ),
)
def tamper_detection_absent(watches: TamperWatches, trees: DeviceTrees | None | Unknown, policy: Policy) -> Findings:
    """The declaration says that the device has a switch in its case, and counts on being told when it opens. A switch
    that no rule and no service waits for tells nobody: a device that was opened, read out and closed again goes on as
    if nothing had been, with whatever was put into it. Have a service read the input, write the event where it cannot
    be taken back, and tell the server.
    """
    inputs = () if policy.tamper is None else policy.tamper.inputs
    if not inputs:
        raise NotApplicable("the declaration names no input that notices tampering")
    doubts: list[str] = []
    for name in inputs:
        if watches.of(name) is not None:
            continue
        if watches.unread:
            doubts += watches.unread
        elif _is_wired(trees, name):
            doubts.append(f"the device tree has an input for {name}, and whether a program reads it was not seen")
        else:
            yield _finding(name)
    if doubts:
        raise Unavailable("; ".join(dict.fromkeys(doubts[:3])))


def _is_wired(trees: DeviceTrees | None | Unknown, name: str) -> bool:
    """Whether a tree that may boot has a switch or a monitor that could be meant."""
    candidates = trees.candidates if isinstance(trees, DeviceTrees) else ()
    wanted = frozenset(words(name))
    for node in (node for tree in candidates for node in tree.tamper if node.is_enabled):
        said = frozenset(words(f"{node.label} {node.path.rpartition('/')[2]}"))
        if node.kind == "monitor" or wanted <= said or not said.isdisjoint(GENERAL):
            return True
    return False


def _finding(name: str) -> Finding:
    return Finding(
        name,
        f"the declaration asks for the tamper input {name}, and no rule and no service waits for it",
        remedy=Remedy(
            f"Name {name} in the device tree (gpio-keys), and have a service note and report its events",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )
