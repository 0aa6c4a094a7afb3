"""An address that a file names, whatever its format: the option is how it begins, the value how it begins instead.

Every place that names it is changed, so that what is fetched from one server is fetched from it alike everywhere.
"""

import re

from firmward.harden.draft import Refused

BEGINNING = "address"


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    """What goes on with a letter or a port of its own is another address."""
    changed, times = re.subn(rf"(?<![\w+]){re.escape(option)}(?![\w.:-])", lambda _: value, text)
    if not times and value not in text:
        raise Refused(f"{option} does not stand here")
    return changed
