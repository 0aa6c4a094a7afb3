"""What a configuration decides of a kernel's flaws."""

from known import Known

from firmward.model.component import Component
from firmward.model.vulnerability import Justification, VexState
from firmward.vulns.match import matches
from firmward.vulns.not_built import Build, decided
from firmward.vulns.rank import ranked
from firmward.vulns.record import KernelFlaw


def test_what_is_not_built_is_decided_and_nothing_is_dropped() -> None:
    flaws = [KernelFlaw(f"CVE-{number}", (("4.1", "6.8"),), ("a.c",)) for number in (1, 2, 3)]
    found = ranked([matches(Component("linux", "6.1"), Known(flaws=flaws))])
    builds = {"CVE-1": Build(False, "CONFIG_A is off"), "CVE-2": Build(True, "CONFIG_B is on")}
    states = {one.id: one.vex for one in decided(found, builds)}
    assert states.keys() == {"CVE-1", "CVE-2", "CVE-3"}
    off, on, silent = states["CVE-1"], states["CVE-2"], states["CVE-3"]
    assert off is not None
    assert (off.state, off.justification) == (VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT)
    assert off.detail == "CONFIG_A is off"
    assert on is not None
    assert silent is not None
    assert (on.state, silent.state) == (VexState.IN_TRIAGE, VexState.IN_TRIAGE)
    assert on.justification is None
