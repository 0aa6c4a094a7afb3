"""Read decisions, in whichever of the known formats they are."""

from firmward.model.errors import InputError
from firmward.vulns import document
from firmward.vulns.vex.csaf import read_csaf
from firmward.vulns.vex.cyclonedx import read_cyclonedx_vex
from firmward.vulns.vex.openvex import read_openvex
from firmward.vulns.vex.statement import Statements

KNOWN = "CycloneDX 1.4 to 1.6, OpenVEX 0.2.0, CSAF 2.0, each in JSON"


def read_statements(data: bytes, name: str) -> Statements:
    """Raises InputError."""
    found = document.parsed(data, name)
    if found.text("bomFormat") == "CycloneDX":
        return read_cyclonedx_vex(found)
    if found.get("@context") is not None:
        return read_openvex(found)
    head = found.get("document")
    if head is not None and head.get("csaf_version") is not None:
        return read_csaf(found)
    raise InputError(f"{name}: is no VEX document that is known ({KNOWN})")
