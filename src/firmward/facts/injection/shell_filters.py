"""What a shell's commands hand on of what they are given, and which take the harmful signs out of it."""

import re
from collections.abc import Container

from firmward.facts.injection.shell_call import Call, Source, raw

PRINTS = frozenset(("echo", "printf", "print"))
FILTER_NAMES = """
    sed awk gawk mawk cut tr head tail sort uniq grep egrep fgrep tee cat rev fold paste base64 urldecode dd xargs
    uri_decode dos2unix
"""
FILTERS = frozenset(FILTER_NAMES.split())
DECODERS = frozenset(("httpd", "uhttpd", "urldecode", "uri_decode", "basename", "dirname", "expr", "realpath"))
ALLOWED_SET = re.compile(r"\[[!^]([^]]*)\]")
META = frozenset(";&|`$()<>'\"\\\n!{}*? ")


def printed(call: Call, outside: Container[str]) -> Source:
    """What a command writes, as far as it hands on what it was given, or is one that prints what comes from
    `outside`."""
    text = " ".join(raw(word) for word in call.words[1:])
    name = call.name
    if name in outside:
        return f"what {name} prints"
    if name in PRINTS:
        is_harmless = "%q" in text or (name == "printf" and "%d" in text and "%s" not in text)
        return None if is_harmless else call.given
    if name in DECODERS:
        return call.given
    if name in FILTERS and not _cleans(name, text):
        return None if name in ("cat", "head", "tail", "dd") and call.names_file() else call.stdin
    return None


def _cleans(name: str, raw: str) -> bool:
    if name == "tr":
        flags = [word for word in raw.split() if word.startswith("-")]
        is_kept = any("d" in flag and ("c" in flag or "C" in flag) for flag in flags) or {"-c", "-d"} <= set(flags)
        return is_kept and not set(raw.replace("\\n", "").replace("\\r", "")) & (META - set(" \\"))
    if name in ("sed", "awk", "gawk", "mawk"):
        return "s/[^" in raw and keeps_harmless(raw)
    if name in ("grep", "egrep"):
        first = raw.partition(" ")[0]
        return "-c" in raw or (first.startswith("-") and "o" in first and not set(raw) & set(".;&|`$("))
    return name == "base64" and "-d" not in raw


def excludes_signs(text: str) -> bool:
    """`*[!a-z0-9]*`: what matches is sent away, the rest is harmless. `*[;&|]*` alike, if it names enough."""
    if any(not set(match[1]) & META - set(" ") for match in ALLOWED_SET.finditer(text)):
        return True
    return ";" in text and "|" in text and "`" in text


def keeps_harmless(text: str) -> bool:
    """A set of what may stay, `[^a-z0-9]`, without the signs that a shell reads."""
    return any(not set(match[1]) & META - set(" \\") for match in ALLOWED_SET.finditer(text))
