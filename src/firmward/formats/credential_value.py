"""Values given to telling names: which are secrets, and which only stand for one.

What stands for a value is none: empty, a variable, a form to fill in, a path, a word of a schema, a sentence.
"""

import base64
import binascii
import re
from enum import StrEnum

from firmward.formats.credential import NO_PASSWORD, SAMPLE, entropy, looks_random

WORD = (
    r"(?:pass(?:word|wd|phrase|wort|code)|(?:(?<![A-Za-z])|auth|smtp|imap|pop3?|mail|remote|user|login|admin|proxy|ftp|db)pass|pwd|psk|secret(?:_?key)?|(?:auth|access|api|bot|session|refresh)?_?token|"
    r"(?:api|auth(?:ori[sz]ation)?|access|account|private|shared|encryption|signing|jwt)_?key|remote_password|wpa_passphrase)"
)
_FORMS = (
    r"|%[({]|%[-+0-9.#]{0,6}[A-Za-z](?![A-Za-z0-9])|^%\w+%?$|%[A-Z_]{2,40}%|\{\{|\}\}|^<.*>?$|^\[.*\]$|^\{.*\}$|^\(.*\)$|^@.*@?$|^x{3,}$|^\*+$|^\.{2,}|^-+$|^_+$|"
    r"^#|your[-_ ]?|^my[-_](?:pass|secret|token|key)|example|placeholder|"
    r"^(?:insert|enter|replace|set|put|fill|change)[-_ ]|to_?be_?(?:set|filled)|redacted|^(?:0x)?0+$|^dummy|^fake|"
    r"^n/a$|^todo|^tbd|^\\|^`|^env[:.]|^file:|^vault:|^ref:"
)
_PLACEHOLDER = re.compile(r"(?i)\$[\w{(@*?#!$]" + _FORMS)
_PLACEHOLDER_IN_DATA = re.compile(r"(?i)\$[{(]|^\$\w+\$?$" + _FORMS)
"""In JSON nothing but a whole value may be a variable by itself; else `$` is a sign like others."""
_NO_VALUE = frozenset((
    "yes", "no", "true", "false", "none", "null", "nil", "on", "off", "auto", "any", "all", "ask", "prompt",
    "never", "always", "default", "optional", "required", "enabled", "disabled", "enable", "disable",
    "undefined", "string", "text", "password", "passwd", "pass", "passphrase", "secret", "token", "key", "bool",
    "boolean", "int", "integer", "object", "array", "number", "str", "bytes", "hidden", "plain", "plaintext",
    "md5", "sha1", "sha256", "sha512", "crypt", "login", "compat", "files", "file", "systemd", "sss", "ldap",
    "winbind", "nis", "db", "dns", "pam", "shadow", "local", "user", "username", "basic", "bearer", "digest",
    "hash", "hashed", "binary", "hex", "base64", "unknown", "empty", "unset", "reset", "show", "hide",
    "generate", "generated", "random", "this", "self", "value", "input", "output", "undef", "const", "static",
    "var", "let", "new", "try", "agent", "agent-owned", "not-required", "not-saved", "once", "session",
    "system", "permit", "deny", "sufficient", "include", "type", "name", "label", "id",
))  # fmt: skip
_CALL = re.compile(r"[()\[\]{}<>]|->|::|\+\s|\s\+|\|\||&&")
_DOTTED = re.compile(r"^[A-Za-z_][\w-]*(?:[./:][\w-]+)+$")


class Style(StrEnum):
    """How a file gives values to names."""

    CODE = "code"
    """Literals in quotes only."""
    CONFIG = "config"
    """Bare words too."""
    NONE = "none"
    """Only what is known by its form."""


def is_typed(value: str) -> bool:
    """A password on a command line: no variable, no form."""
    return not _PLACEHOLDER.search(value) and value.lower() not in _NO_VALUE and "`" not in value


def form_of(path: str) -> re.Pattern[str]:
    return _PLACEHOLDER_IN_DATA if path.endswith(".json") else _PLACEHOLDER


def is_secret(name: str, value: str, style: Style, form: re.Pattern[str]) -> bool:
    if not 4 <= len(value) <= 200 or any(sign.isspace() for sign in value) or not value.isascii():
        return False
    if form.search(value) or value.lower() in _NO_VALUE or value.lower() == name.lower():
        return False
    if value.startswith(("/", "./", "~", "http://", "https://", "-")) or _CALL.search(value):
        return False
    if re.search(rf"(?i){WORD}", value) and re.fullmatch(r"[A-Za-z_ .:-]+", value):
        return False  # a name of something that has a password, such as user_password or newPassword
    return _is_secret_like(name.lower(), value, style)


def _is_secret_like(name: str, value: str, style: Style) -> bool:
    words = re.fullmatch(r"[A-Za-z_.:-]+", value) is not None or _DOTTED.match(value) is not None
    if name != "key" and (name.endswith(("token", "key")) or "secret" in name):  # a bare key is a wireless network's
        return len(value) >= 12 and not words and entropy(value.encode()) >= 3.0 and any(map(str.isdigit, value))
    if style is Style.CODE:
        return not words and any(map(str.isdigit, value)) and len(value) >= 5
    if value.isdigit():
        return len(value) >= 6
    return not (words and ("." in value or ":" in value)) or _is_mixed(value)


def _is_mixed(value: str) -> bool:
    """Digits, capitals and small letters together, as a password has them and a setting's dotted name does not."""
    return len(value) >= 8 and all(any(map(kind, value)) for kind in (str.isdigit, str.isupper, str.islower))


def is_header(value: str) -> bool:
    """What follows the word of a scheme: no variable, no form, not a word, nor one in base 64."""
    try:
        plain = base64.b64decode(value, validate=True).decode("ascii").partition(":")[2]
    except (binascii.Error, ValueError):
        plain = ""
    if plain and NO_PASSWORD.search(plain):
        return False
    return not _PLACEHOLDER.search(value) and looks_random(value) and not SAMPLE.search(value.encode())
