"""The header of an init script: LSB 5.0, "Comment Conventions for Init Scripts".

Rules: between `### BEGIN INIT INFO` and `### END INIT INFO` stand lines `# Keyword: words`; those of one keyword
are taken together, as lsb2rcconf does. A script without the two lines has none.
"""

import re
from collections.abc import Mapping

BEGIN, END = "### BEGIN INIT INFO", "### END INIT INFO"
SIZE_LIMIT = 16 << 10
"""Characters looked at: a header stands at the beginning."""
_LINE = re.compile(r"#\s*([A-Za-z-]+):(?:\s+(.*))?$")


def parse(text: str) -> Mapping[str, tuple[str, ...]] | None:
    """The words by keyword in lower case, or None where the script has no header."""
    lines = [line.rstrip() for line in text[:SIZE_LIMIT].split("\n")]
    if BEGIN not in lines or END not in lines[lines.index(BEGIN) :]:
        return None
    found: dict[str, tuple[str, ...]] = {}
    for line in lines[lines.index(BEGIN) + 1 : lines.index(END, lines.index(BEGIN))]:
        match = _LINE.match(line)
        if match is not None:
            keyword = match[1].lower()
            found[keyword] = found.get(keyword, ()) + tuple((match[2] or "").split())
    return found
