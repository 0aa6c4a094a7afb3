"""The one place through which every string of a report passes: no secret leaves, nothing lies to the eye.

Facts should hold no secrets, but an image names its files and writes its lines as it likes, and evidence is what was
read. What looks like a secret is masked and its kind kept (`$6$…redacted`): a reader must see that there was a password
hash and of which scheme. Rather one word too many masked than one secret told.

Control characters, lone surrogates (bytes of a name that is not UTF-8) and characters that turn or hide text are
written as escapes, so that no terminal, browser or reviewer can be fooled by a name. The text is hostile, so the
patterns are bounded.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import TypeVar, cast

LINE_LIMIT = 1000
"""Characters of one string; more is no evidence that a person reads."""
BLOCK_LIMIT = 20_000
"""Characters of a text of several lines, such as what is written about a check."""
INPUT_LIMIT = 1 << 16
"""Characters that are looked at; masked before it is cut to its limit, so that a cut shows no half of a secret."""

MASK = "…redacted"

_WORDS = (
    r"(?<!no)(?:pass(?:word|wd|phrase|code|wort)?|pwd|psk|secret|token|credential|"
    r"(?:api|access|account|private|preshared|shared|encryption|auth|secret)[_-]?key)"
)
_NOTHING = r"(?:yes|no|true|false|none|null|nil|on|off|empty|0|1|x|\*|!+)?[\"']?"
"""What stands for no password, or for a switch, and may be read."""
_QUOTED = r"\"(?:[^\"\\\n]|\\.){1,4096}\"?|'[^'\n]{1,4096}'?"

OWN_WORDS = frozenset({"title", "doc"})
"""Fields of records that hold the product's own sentences, which may well speak of a password: and go on."""

IDENTIFIERS = frozenset({"cpes"})
"""Fields of records that hold names in a form of their own, in which a product called libsecret stands before a colon
as a password would."""

Record = TypeVar("Record")

_Replacement = str | Callable[[re.Match[str]], str]


def _keep_name(match: re.Match[str]) -> str:
    value = match["value"]
    if value[0] in "\"'":
        closed = len(value) > 1 and value[-1] == value[0]
        return f"{match['name']}{value[0]}{MASK}{value[0] if closed else ''}"
    return f"{match['name']}{MASK}"


_MASKS: tuple[tuple[re.Pattern[str], _Replacement], ...] = (
    # the body of a private key, also where it is cut off or its line ends are written as \n
    (
        re.compile(
            r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)(?!…).*?(?:-----END [^-]{0,60}-----|\Z)", re.S
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(Private-Lines: \d{1,4})(?!…)\s.*?(?=Private-MAC|\Z)", re.S), rf"\1{MASK} "),
    # user information of a URL; up to the last @, since passwords hold @ too
    (re.compile(r"(://[^/\s:@]{0,256}:)(?!…)[^/\s]{1,1024}@"), rf"\1{MASK}@"),
    (
        re.compile(
            r"(?i)((?:authorization|x-auth-token|x-api-key|set-cookie|cookie)[\"']?\s{0,8}[:=]\s{0,8}[\"']?"
            r"(?:(?:bearer|basic|digest|token|negotiate|apikey)\s{1,8})?)(?!…|(?:bearer|basic|digest|token)\s{1,8}…)[^\s\"',;]{1,8192}"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)(\bbearer\s{1,8})[\w.~+/-]{16,8192}=*"), rf"\1{MASK}"),
    # tokens that are known by their form
    (re.compile(r"\b((?:AKIA|ASIA|AGPA|AROA|AIDA))[0-9A-Z]{16}\b"), rf"\1{MASK}"),
    (
        re.compile(r"\b(gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|npm_|sk_live_|rk_live_|AIza)[\w-]{20,512}"),
        rf"\1{MASK}",
    ),
    (re.compile(r"\b(eyJ)[\w-]{8,8192}\.[\w-]{4,8192}\.[\w-]{0,8192}"), rf"\1{MASK}"),
    # crypt hashes: $1$, $6$, $y$, $argon2id$, $apr1$ ...
    (
        re.compile(
            r"(\$(?:\d[abxy]?|g?y|sm3|sha1|md5|apr1|argon2(?:id|i|d)|pbkdf2[\w-]{0,16}|scrypt|P|H)\$)[\w./+=,$-]{4,4096}"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(\{(?:S?SHA(?:\d{3})?|S?MD5|CRYPT)\})[\w./+=-]{8,1024}"), rf"\1{MASK}"),
    # the password of a passwd- or shadow-like line: 13 or 20 characters of DES, or anything before the day counts
    (
        re.compile(
            r"((?:^|[\s\"'`(,])[a-z_][\w.-]{0,31}\$?:[!*]{0,2})(?:[\w./]{13}|_[\w./]{19})(?=:|[\"']?\s{0,8}$)", re.M
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"((?<!…)\b[a-z_][\w.-]{0,31}\$?:)(?![^:\s]{0,40}…)[^:\s]{3,512}(?=(?::\d{0,7}){3}:)"), rf"\1{MASK}"),
    (re.compile(r"\b[0-9A-F]{32}:[0-9A-F]{32}\b"), MASK),
    # a line of a configuration: all up to its end, since a passphrase may hold spaces
    (
        re.compile(
            rf"(?im)(?P<name>^\s{{0,32}}(?:(?:export|set|local|readonly|declare)\s{{1,8}})?[\"']?[\w.-]{{0,60}}{_WORDS}[\"']?\s{{0,8}}=(?!>)\s{{0,8}}+)"
            rf"(?!…|{_NOTHING}\s{{0,8}}$)(?P<value>{_QUOTED}|[^\n]{{1,4096}})"
        ),
        _keep_name,
    ),
    (
        re.compile(
            rf"(?im)(?P<name>{_WORDS}(?:[\"']|s)?\s{{0,8}}(?:=>|:=|[=:])\s{{0,8}}+|--[\w-]{{0,30}}{_WORDS}\s{{1,8}}"
            rf"|\boption\s{{1,8}}[\"']?\w{{0,30}}(?:{_WORDS}|key\d?)[\"']?\s{{1,8}}"
            rf"|^\s{{0,32}}(?:password|passwd|passphrase|psk|secret|requirepass|masterauth|auth-pass)\s{{1,8}}+(?=[^\s=:]\S{{0,512}}\s{{0,8}}$)"
            rf"|\blogin\s{{1,8}}\S{{1,256}}\s{{1,8}}password\s{{1,8}}|\bsshpass\s{{1,8}}-p\s{{0,8}}"
            rf"|(?:\s-u|--user)[ =]\s{{0,8}}[\w.@-]{{1,64}}:)"
            rf"(?!…|{_NOTHING}(?:$|[\s,;)&]))(?P<value>{_QUOTED}|[^\s,;&\"'<>)]{{1,4096}})"
        ),
        _keep_name,
    ),
    # a community is a password too, but for the two that everybody knows
    (re.compile(r"(\br[ow]community6?\s{1,8}+)(?!…|(?:public|private)\b)\S{1,512}"), rf"\1{MASK}"),
    (re.compile(rf"(?i)(<([\w:-]{{0,40}}{_WORDS}[\w:-]{{0,20}})>)(?!…)[^<]{{1,4096}}(?=</|\Z)"), rf"\1{MASK}"),
    (re.compile(r"(\becho\s{1,8}[\"']?[\w.-]{1,32}:)(?!…)[^\s\"'|]{1,512}(?=[\"']?\s{0,8}\|)"), rf"\1{MASK}"),
)

_SUSPECT = re.compile(
    r"(?i)[:=${<]|PRIVATE KEY|\b(?:AKIA|ASIA|AGPA|AROA|AIDA|gh[pousr]_|github_|glpat|xox|npm_|[sr]k_live|AIza|eyJ)"
    r"|bearer|pass|pwd|psk|secret|token|credential|key|option|login|requirepass|masterauth|community|-u|--user"
)
"""Without any of these no mask can match, which is so for most texts."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and signs that are drawn as nothing."""


@lru_cache(maxsize=8192)  # a report says the same words again and again
def redact(text: str, limit: int = LINE_LIMIT) -> str:
    """One line without secrets, with everything in it to be seen, in at most `limit` characters."""
    masked = _mask(text)
    return _cut(masked if masked.isascii() and masked.isprintable() else "".join(map(_seen, masked)), limit)


def visible(text: str, limit: int = BLOCK_LIMIT) -> str:
    """A text of several lines with everything in it to be seen; nothing is masked."""
    return _cut("".join(sign if sign == "\n" else _seen(sign) for sign in text), limit)


def redacted(value: Record) -> Record:
    """The same record, every string of it through redact()."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return cast("Record", redact(value))
    if isinstance(value, tuple):
        return cast("Record", tuple(redacted(item) for item in value))
    if is_dataclass(value) and not isinstance(value, type):
        changes = {field.name: _redacted_field(field.name, getattr(value, field.name)) for field in fields(value)}
        return cast("Record", replace(value, **changes))
    return value


def _redacted_field(name: str, value: object) -> object:
    if name in IDENTIFIERS and isinstance(value, tuple):
        return tuple(visible(item, LINE_LIMIT).replace("\n", "\\n") for item in value)
    return visible(value) if name in OWN_WORDS and isinstance(value, str) else redacted(value)


def _mask(text: str) -> str:
    text = text if len(text) <= INPUT_LIMIT else text[:INPUT_LIMIT] + "…"
    if not _SUSPECT.search(text):
        return text
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def _seen(sign: str) -> str:
    if " " <= sign <= "~" or (unicodedata.category(sign) not in _UNSEEN and sign not in _BLANK):
        return sign
    code = ord(sign)
    if sign in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[sign]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python keeps it in names
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
