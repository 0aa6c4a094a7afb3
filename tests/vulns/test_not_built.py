"""What a configuration decides of a kernel's flaws."""

from collections.abc import Sequence

from known import Known

from firmward.model.component import Component
from firmward.model.vulnerability import Justification, Vex, VexState
from firmward.vulns.match import matches
from firmward.vulns.not_built import decided
from firmward.vulns.rank import ranked
from firmward.vulns.record import KernelFlaw


def judge(files: Sequence[str]) -> Vex | None:
    if "off.c" not in files:
        return None
    return Vex(VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT, "CONFIG_A is off", "firmward")


def test_what_is_not_built_is_decided_and_nothing_is_dropped() -> None:
    flaws = [KernelFlaw(f"CVE-{name}", (("4.1", "6.8"),), (name,)) for name in ("off.c", "on.c")]
    flaws.append(KernelFlaw("CVE-none", (("4.1", "6.8"),)))
    found = ranked([matches(Component("linux", "6.1"), Known(flaws=flaws))])
    states = {one.id: one.vex for one in decided(found, judge)}
    assert states.keys() == {"CVE-off.c", "CVE-on.c", "CVE-none"}
    off = states["CVE-off.c"]
    assert off is not None
    assert (off.state, off.justification) == (VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT)
    assert off.detail == "CONFIG_A is off"
    for name in ("CVE-on.c", "CVE-none"):
        left = states[name]
        assert left is not None
        assert (left.state, left.justification) == (VexState.IN_TRIAGE, None)
