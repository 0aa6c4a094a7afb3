"""Motorola S-records: boot loaders and firmware of small processors as text."""

from firmward.formats.s_record import LINE_LIMIT, Reader
from firmward.image.format import About, Format, Magic
from firmward.image.segments import measurer, opener

ABOUT = About(
    title="Motorola S-records",
    reads="Records with 16, 24 and 32 bits of address; each run of bytes is a part named by its address.",
    limits=(
        "A record that does not hold is left out and told; a text that was cut off between two records is not noticed. "
        "Not looked for inside a dump. Gaps are not filled."
    ),
    witness="objcopy, srec_cat",
)

MAGICS = tuple(Magic(b"S" + digit) for digit in (b"0", b"1", b"2", b"3"))
FORMAT = Format("s-record", MAGICS, measurer(Reader), opener(Reader, LINE_LIMIT), ABOUT, carve=False)
