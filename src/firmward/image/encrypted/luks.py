"""LUKS: recognised, and told as encrypted. Without its key it holds nothing for an audit."""

from firmward.formats.luks import MAGIC, Header, parse
from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget, Damaged, Encrypted
from firmward.image.entropy import random_end
from firmward.image.format import About, Format, Magic, Opened
from firmward.image.source import Source


def measure(source: Source) -> int | None:
    try:
        header = parse(source.read)
    except Malformed:
        return None
    return source.size if header.size is None else min(header.offset + header.size, source.size)


def open_luks(source: Source, budget: Budget) -> Opened:
    try:
        header = parse(source.read)
    except Malformed as error:
        raise Damaged(f"luks: {error}") from None
    raise Encrypted(_words(header))


def _words(header: Header) -> str:
    name = f"LUKS{header.version}"
    if header.problem:
        return f"{name}, {header.problem}: encrypted, not readable"
    return f"{name}, {header.cipher}: encrypted, not readable without its key"


def end(source: Source, budget: Budget) -> int:
    """Where the encrypted bytes seem to end in a dump: what follows need not look random."""
    try:
        header = parse(source.read)
    except Malformed:
        return 0
    if header.size is not None:
        return min(header.offset + header.size, source.size)
    return random_end(source, min(header.offset, source.size), budget.check_time)


ABOUT = About(
    title="LUKS1, LUKS2",
    reads="The header, with its checksum: version, cipher, where the encrypted bytes lie.",
    limits="Encrypted: told as such, nothing in it is read. The second header of LUKS2 is not looked for.",
    witness="cryptsetup",
)

FORMAT = Format("luks", (Magic(MAGIC),), measure, open_luks, ABOUT, end=end)
