"""Which patterns and functions let only harmless values pass: those that look at all of a value, or take signs out."""

import re
from collections.abc import Sequence

from firmward.formats.script_tokens import Kind, Token

META = frozenset(";&|`$()<>'\"\\\n")


def is_whole(pattern: str) -> bool:
    """It says what all of a value is: `^...$`, and no dot that takes anything."""
    plain = pattern.strip("/#~@%|")
    is_anchored = plain.startswith(("^", "\\A")) and re.search(r"(?:\$|\\z|\\Z)[a-zA-Z/#~@%]*$", plain) is not None
    return (is_anchored and not re.search(r"(?<!\\)\.[*+]", plain)) or plain.startswith("[^")


def is_strict(inside: Sequence[Token]) -> bool:
    """A check by a pattern counts where the pattern is for the whole value; other checks do."""
    patterns = [token.text for token in inside if token.kind in (Kind.TEXT, Kind.PATTERN)]
    looks = [text for text in patterns if set(text) & set("^[(\\%*+$")]
    return not looks or any(is_whole(text) for text in looks)


def filters(pattern: Token) -> bool:
    """`s/[^a-z]//g` and `tr/a-z//cd` leave harmless signs alone."""
    kept = re.match(r"\[\^([^\]]*)\]", pattern.text)
    return kept is not None and not set(re.sub(r"\\[wds.\-/ ]", "", kept[1])) & META and not (pattern.change or "")


def filters_by(name: str, inside: Sequence[Token]) -> bool:
    """The same by a function: preg_replace('/[^a-z]/', ''), x:gsub("[^%w]", ""), x:match("^%d+$")."""
    texts = [token for token in inside if token.kind in (Kind.TEXT, Kind.PATTERN)]
    if not texts:
        return False
    pattern = texts[0].text.strip("/#~@")
    if name in ("preg_replace", "gsub", "replace"):
        kept = re.match(r"\[\^([^\]]*)\]", pattern)
        return kept is not None and not set(re.sub(r"[\\%][\w.\-/ ]", "", kept[1])) & META
    if name == "str_replace":  # a path that cannot leave its folder
        return any(token.text in ("..", "../") for token in texts)
    if name in ("match", "gmatch"):
        return "." not in re.sub(r"[%\\]\.", "", pattern) and not re.search(r"\[\^|[%\\][SWDPC]", pattern)
    return False
