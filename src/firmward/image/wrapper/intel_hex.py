"""Intel HEX: boot loaders and firmware of small processors as text."""

from firmward.formats.intel_hex import LINE_LIMIT, Reader
from firmward.image.format import About, Format, Magic
from firmward.image.segments import measurer, opener

ABOUT = About(
    title="Intel HEX",
    reads="Records with 16, 20 and 32 bits of address; each run of bytes is a part named by its address.",
    limits="A record that does not hold is left out and told. Not looked for inside a dump. Gaps are not filled.",
    witness="objcopy, srec_cat",
)

FORMAT = Format("intel-hex", (Magic(b":"),), measurer(Reader), opener(Reader, LINE_LIMIT), ABOUT, carve=False)
