"""Read a bill of materials, in whichever of the known formats it is."""

from pathlib import Path

from firmward.image.bill import is_tags
from firmward.model.errors import InputError
from firmward.vulns import document
from firmward.vulns.sbom.bill import Bill
from firmward.vulns.sbom.cyclonedx_reader import read_cyclonedx
from firmward.vulns.sbom.spdx_reader import read_spdx
from firmward.vulns.sbom.tag_value import parse_tag_value

KNOWN = "CycloneDX 1.2 to 1.6 in JSON, SPDX 2.2 and 2.3 in JSON or tag and value"


def read_bill(data: bytes, name: str) -> Bill:
    """Raises InputError."""
    if is_tags(data):
        return read_spdx(parse_tag_value(data, name))
    found = document.parsed(data, name)
    if found.text("bomFormat") == "CycloneDX":
        return read_cyclonedx(found)
    if found.get("spdxVersion") is not None:
        return read_spdx(found)
    raise InputError(f"{name}: is no bill of materials that is known ({KNOWN})")


def file_bytes(path: Path) -> bytes:
    """What a file that a person names holds, no more than a document may have. Raises InputError."""
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: not a file")
        with path.open("rb") as file:
            return file.read(document.SIZE_LIMIT + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
