"""HAB's table behind a kernel, a FIT or an initramfs: what U-Boot's `hab_auth_img` looks at (formats/imx_ivt.py)."""

from dataclasses import replace

from firmward.facts.cover import Cover
from firmward.facts.uboots import Uboots
from firmward.formats import imx_csf, imx_ivt
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Extent, Read, Signed, left_out
from firmward.model.chain import State
from firmward.model.parts import Content

BY = "HAB"
AUTHENTICATES = "hab_auth_img"
SIZE_LIMIT = 256 << 20
"""Bytes of a file behind which a table is looked for."""


def of_file(id: str, content: Content, uboots: Uboots | None) -> Cover | None:
    """None where no such table stands behind the file."""
    found = imx_ivt.behind(content.read, content.size) if content.size <= SIZE_LIMIT else None
    if found is None or not found[1].csf:
        return None
    place, table = found
    try:
        why = _fault(content.read, place + imx_ivt.SIZE, replace(table, self=table.self - place))
    except Malformed as reason:
        why = str(reason)
    if why is not None:
        return Cover(State.BROKEN, f"HAB's signature behind {id} does not hold: {why}", BY, id)
    commands = [one.commands for one in uboots.proper] if uboots is not None else []
    known = [one for one in commands if isinstance(one, frozenset)]
    if known and not any(AUTHENTICATES in one for one in known):
        return Cover(State.BROKEN, f"{id} is signed for HAB, and U-Boot has no {AUTHENTICATES}", BY, id)
    return Cover(State.VERIFIED, f"HAB's commands behind {id} cover all of it, and they hold", BY, id)


def _fault(read: Read, end: int, table: imx_ivt.Ivt) -> str | None:
    """Why HAB's commands do not speak for all bytes up to `end`, behind the table, which is told as if it stood at the
    start, so that every offset counts from there; None when they do. Raises Malformed."""
    sequence = imx_csf.parse(read, table)
    signing = sequence.signing(table)
    if signing.signed is not Signed.YES:
        return signing.evidence[-1].says
    broken = [one.what for one in imx_csf.verify(read, table, sequence) if not one.holds]
    if broken:
        return f"{broken[0]} is wrong"
    left = left_out((Extent("file", 0, end),), signing.covered)
    return f"{left[0].size} bytes of the file are left out" if left else None
