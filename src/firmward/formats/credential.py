"""Credentials written down: tokens known by their form, passwords in addresses, and values given to telling names.

Rules. A token has its maker's beginning, alphabet and length. An address carries `user:password@`. A name that ends in
password, secret, token, key and their like is given a value in the way of the file (`=`, `:`, UCI's `option`, an XML
element); what stands for a value is none: empty, a variable, a form to fill in, a path, a word of a schema, a sentence.
Commands carry passwords in their options. What is found is a kind, a name and a place, never the value.
"""

import base64
import binascii
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

LINE_LIMIT = 1000
"""Bytes of a line that is looked at for names; longer ones are data or code made small."""

HITS_LIMIT = 2000
"""Places looked at in one file for one kind."""


class Kind(StrEnum):
    TOKEN = "token"  # noqa: S105 - a kind of finding
    ADDRESS = "address"
    PASSWORD = "password"  # noqa: S105
    WIFI = "wifi"
    HASH = "hash"


@dataclass(frozen=True, slots=True)
class Credential:
    """`kind` and `name` say what it is, `offset` where it begins, `length` how long it is."""

    kind: Kind
    name: str
    offset: int
    length: int


class Style(StrEnum):
    """How a file gives values to names."""

    CODE = "code"
    """Literals in quotes only."""
    CONFIG = "config"
    """Bare words too."""
    NONE = "none"
    """Only what is known by its form."""


@dataclass(frozen=True, slots=True)
class Token:
    """A maker's token: the bytes that every one has, and the whole form."""

    name: str
    mark: bytes
    pattern: re.Pattern[bytes]
    fits: Callable[[bytes, re.Match[bytes]], bool]
    lead: int = 24
    """Bytes before the mark with which the form may begin."""
    in_programs: bool = True
    """Whether it is looked for in programs too; what nobody builds in is not, for each takes its time."""


def _random(_: bytes, match: re.Match[bytes]) -> bool:
    return entropy(match[0]) >= 3.2 and not _SAMPLE.search(match[0])


def _with_secret(data: bytes, match: re.Match[bytes]) -> bool:
    """The id of an AWS key is no secret without its 40 characters, which stand near it."""
    around = data[max(0, match.start() - 300) : match.end() + 300]
    return _random(data, match) and any(entropy(one) >= 4.2 for one in _FORTY.findall(around))


def _long_lived(data: bytes, match: re.Match[bytes]) -> bool:
    """A JSON Web Token that never expires, or lives longer than a month."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(match[1] + b"=" * (-len(match[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return False
    if not isinstance(claims, dict) or _SAMPLE.search(match[0]) or claims.get("name") == "John Doe":
        return False
    start, end = claims.get("iat", claims.get("nbf")), claims.get("exp")
    return not (isinstance(start, int) and isinstance(end, int) and end - start < 31 * 86400)


_SAMPLE = re.compile(rb"(?i)example|x{6}|sample|0{8}|1234567890|abcdefghij|placeholder|your[_-]")
_FORTY = re.compile(rb"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")

TOKENS = (
    Token("AWS access key", b"AKIA", re.compile(rb"(?<![A-Za-z0-9])AKIA[A-Z2-7]{16}(?![A-Za-z0-9])"), _with_secret),
    Token("GitHub token", b"ghp_", re.compile(rb"(?<!\w)ghp_[A-Za-z0-9]{36}(?!\w)"), _random),
    Token("GitHub token", b"github_pat_", re.compile(rb"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?!\w)"), _random),
    Token("GitLab token", b"glpat-", re.compile(rb"(?<!\w)glpat-[\w-]{20,64}(?!\w)"), _random, in_programs=False),
    Token("Slack token", b"xox", re.compile(rb"(?<!\w)xox[abeprs]-\d{8,14}-[\w-]{20,80}"), _random),
    Token("Slack hook", b"hooks.slack.com/services/T",
          re.compile(rb"hooks\.slack\.com/services/T\w{8,12}/B\w{8,12}/\w{20,28}"), _random),
    Token("Google key", b"AIza", re.compile(rb"(?<![\w-])AIza[\w-]{35}(?![\w-])"), _random),
    Token("Stripe key", b"k_live_", re.compile(rb"(?<!\w)[sr]k_live_[A-Za-z0-9]{24,99}(?!\w)"), _random),
    Token("SendGrid key", b"SG.", re.compile(rb"(?<![\w.])SG\.[\w-]{22}\.[\w-]{43}(?![\w-])"), _random),
    Token("npm token", b"npm_", re.compile(rb"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)"), _random, in_programs=False),
    Token("PyPI token", b"pypi-AgEIcHlwaS5vcmc", re.compile(rb"pypi-AgEIcHlwaS5vcmc[\w-]{50,512}"), _random,
          in_programs=False),
    Token("Azure key", b"AccountKey=", re.compile(rb"AccountKey=[A-Za-z0-9+/]{86}=="), _random),
    Token("Azure key", b"SharedAccessKey=", re.compile(rb"SharedAccessKey=[A-Za-z0-9+/]{43}="), _random),
    Token("Azure signature", b"&sig=", re.compile(rb"&sig=[A-Za-z0-9%]{43,63}%3[Dd]"), _random),
    Token("Telegram token", b":AA", re.compile(rb"(?<![\w-])\d{8,10}:AA[\w-]{33}(?![\w-])"), _random),
    Token("JSON web token", b".eyJ", re.compile(rb"(?<![\w-])eyJ[\w-]{10,1024}\.(eyJ[\w-]{10,4096})\.[\w-]{20,1024}"),
          _long_lived, lead=1030),
)  # fmt: skip

_ADDRESS = re.compile(
    rb"(?<![\w+])([A-Za-z][A-Za-z0-9+.-]{1,20})://([^\s:/@\"'<>\\{}\[\]()$%*,;|]{1,64}):"
    rb"([^\s/@\"'<>{}()\[\]$%*|\\`]{3,128})@([A-Za-z0-9][\w.-]{1,200})"
)
_NO_PASSWORD = re.compile(
    r"(?i)^(?:pass(?:word|wd|phrase|w)?\d?|pwd?|user(?:name)?|secret|token|x-oauth-basic|port|\.{2,}|x+|\*+|-+)$|"
    r"redacted|placeholder|your|my_?pass|example"
)
_NO_HOST = re.compile(
    r"(?i)(?:^|\.)(?:example\.(?:com|org|net)|hostname|host|server|domain)(?:\.|$)|^(?:example|invalid|test)(?:\.|$)"
)
_SET_ASIDE = re.compile(r"(?i)\.(?:example|invalid|test)$")
"""Domains for examples and laboratories; what is random there was a password somewhere."""


SCHEME = b"://"
MARKS = (SCHEME, *(token.mark for token in TOKENS))
"""Words of which one is in whatever `tokens`, `built_in` and `addresses` find."""


def tokens(data: bytes, marks: frozenset[bytes]) -> Iterator[Credential]:
    """What is known by its form in a text; `marks` are those that occur in it."""
    return (one for token in TOKENS if token.mark in marks for one in _token(data, token))


def built_in(data: bytes, marks: frozenset[bytes]) -> Iterator[Credential]:
    """What is known by its form in a program's data; `marks` are those that occur in it."""
    return (one for token in TOKENS if token.in_programs and token.mark in marks for one in _token(data, token))


def _token(data: bytes, token: Token) -> Iterator[Credential]:
    """The first one, if any."""
    position = data.find(token.mark)
    for _ in range(HITS_LIMIT):
        if position < 0:
            return
        match = token.pattern.search(data, max(0, position - token.lead), position + 4096)
        if match is not None and match.start() <= position < match.end() and token.fits(data, match):
            yield Credential(Kind.TOKEN, token.name, match.start(), len(match[0]))
            return
        position = data.find(token.mark, position + 1)


def addresses(data: bytes) -> Iterator[Credential]:
    """Addresses with a password in them."""
    position = data.find(b"://")
    for _ in range(HITS_LIMIT * 10):
        if position < 0:
            return
        at = data.find(b"@", position + 5, position + 200)
        match = _ADDRESS.search(data, max(0, position - 20), at + 210) if at >= 0 else None
        fits = match is not None and match.start() <= position < match.end() and _is_address(match)
        if match is not None and fits and not _is_commented(data, match.start()):
            yield Credential(Kind.ADDRESS, f"{match[1].decode()} address", match.start(), len(match[3]))
        position = data.find(b"://", position + 3)


def _is_commented(data: bytes, position: int) -> bool:
    start = data.rfind(b"\n", max(0, position - LINE_LIMIT), position) + 1
    is_seen = start > 0 or position <= LINE_LIMIT  # where its line begins
    return is_seen and _COMMENT.match(data[start:position].decode("latin-1")) is not None


def _is_address(match: re.Match[bytes]) -> bool:
    password, host = (match[part].decode("latin-1") for part in (3, 4))
    if _NO_PASSWORD.search(password) or _NO_HOST.search(host):
        return False
    if _SET_ASIDE.search(host) and not _looks_random(password):
        return False
    return not password.isdigit() or len(password) > 5  # shorter, it is a port before a path with @


_WORD = (
    r"(?:pass(?:word|wd|phrase|wort|code)|(?<![A-Za-z])pass|pwd|psk|secret(?:_?key)?|(?:auth|access|api|bot|session|refresh)?_?token|"
    r"(?:api|auth(?:ori[sz]ation)?|access|account|private|shared|encryption|signing|jwt)_?key|remote_password|wpa_passphrase)"
)
_HINTS = (
    b"pass", b"pwd", b"psk", b"secret", b"token", b"_key", b"apikey", b"option key", b"option 'key", b"curl ", b"mysql",
    b"mariadb", b"mosquitto_", b"ftpput", b"ftpget", b"authorization", b"authorizationkey", b"accesskey", b"authkey",
)  # fmt: skip
"""One of these is in every line that is looked at, in lower case; each is found faster than a pattern of them all."""
_NAME = rf"(?P<name>[\w.-]{{0,48}}?{_WORD}\d?)"
_LITERAL = r"\"(?P<double>[^\"\\\n]{0,200})\"|'(?P<single>[^'\\\n]{0,200})'"
_LONG = r"\[(?P<marks>=*)\[(?P<long>[^\]\n]{0,200})\](?P=marks)\]"
"""Lua's other way to write a text."""
_IN_CODE = re.compile(
    rf"(?i)(?<![\w$.-])[$@]?(?:[\w]{{1,30}}(?:\.|->|::)){{0,3}}[\"']?{_NAME}[\"']?\]?\s{{0,8}}(?:=>|:=|=(?!=)|:(?!:))\s{{0,8}}(?:{_LITERAL}|{_LONG})"
)
_IN_DEFINE = re.compile(
    rf"(?i)\b(?:define|const_set|setenv|putenv)\s{{0,4}}\(\s{{0,4}}[\"']{_NAME}[\"']\s{{0,4}},\s{{0,4}}(?:{_LITERAL})"
)
_IN_CONFIG = re.compile(
    rf"(?i)^\s{{0,32}}(?:-\s{{1,8}})?(?:(?:export|set|local|readonly)\s{{1,8}})?[\"']?{_NAME}[\"']?\s{{0,8}}(?:[:?+]?=(?!=)|:)\s{{0,8}}"
    rf"(?:{_LITERAL}|(?P<bare>[^\s\"'].{{0,200}}?))\s{{0,8}}[,;]?(?:\s[#;].{{0,400}})?$"
)
_IN_UCI = re.compile(
    rf"(?i)^\s{{0,32}}option\s{{1,8}}[\"']?(?P<name>\w{{0,30}}{_WORD}|key\d?)[\"']?\s{{1,8}}(?:{_LITERAL}|(?P<bare>\S{{1,200}}))\s{{0,8}}$"
)
_BY_BLANK = re.compile(
    r"(?i)^\s{0,32}(?P<name>remote_password|bridge_password|requirepass|masterauth|authpass|auth-pass|rootpw|"
    r"mschapv2_password|password|passwd|wpa-psk|wpa-password|wpa-passphrase|wireless-key[1-4]?)\s{1,8}(?:"
    + _LITERAL
    + r"|(?P<bare>[^\s=:{]{1,200}))\s{0,8}$"
)
_IN_XML = re.compile(rf"(?i)<(?P<name>[\w.-]{{0,40}}?{_WORD})(?:\s[^<>]{{0,100}})?>(?P<bare>[^<>\s]{{4,200}})</")
_ENVIRONMENT = re.compile(r"(?i)\s{0,32}(?:Environment|lxc\.environment(?:\.runtime)?)\s{0,8}=")
"""What gives a process its variables: a unit, LXC."""
_IN_ENVIRONMENT = re.compile(rf"(?i)(?<![\w.$-])[\"']?{_NAME}=(?:{_LITERAL}|(?P<bare>[^\s\"']{{1,200}}))(?=[\s\"']|$)")
_IN_CONTAINER = re.compile(
    rf"(?i)(?:^\s{{0,32}}|\b(?:docker|podman|nerdctl)\s.{{0,800}}?\s)(?:-e|--env)[ =]\s{{0,4}}[\"']?{_NAME}="
    rf"(?:{_LITERAL}|(?P<bare>[^\s\"']{{1,200}}))"
)
"""A variable on the command line that starts a container."""
_IN_HEADER = re.compile(
    r"(?i)\b(?P<name>authorization)[\"']?\]?\s{0,4}[:=,]\s{0,4}[\"']?(?:bearer|basic|token|apikey)\s{1,4}"
    r"(?P<bare>[\w.~+/=-]{16,1024})(?=[\s\"',;)\\]|$)"
)
_IN_HEADER_OF_CODE = re.compile(r"(?i)[\"']" + _IN_HEADER.pattern.removeprefix("(?i)"))
"""Without a quote before it, it is told of in a comment or a document."""
_IN_NETRC = re.compile(r"\blogin\s{1,8}\S{1,100}\s{1,8}(?P<name>password)\s{1,8}(?P<bare>\S{1,200})")

_PAGES = (".html", ".htm", ".xml", ".md", ".json", ".sql")
"""Where a command is an example and none that runs."""
_COMMENT = re.compile(r"\s{0,64}(?:#|//|;|--|\*|<!--|%|dnl\b|REM\b|\")")

_WORD_TYPED = r"(?P<quote>[\"'])?(?P<value>[^\s\"']{1,128})(?(quote)(?P=quote)|(?=[\s;|&)\"'`]|$))"
_REST = r"\b[^\n#|;]{0,400}?\s"
_COMMANDS = tuple(
    (name, re.compile(pattern + typed))
    for name, pattern, typed in (
        ("sshpass", r"\bsshpass\s{1,4}-p\s{0,4}", _WORD_TYPED),
        ("curl", rf"\bcurl{_REST}(?:-u|--user|--proxy-user)[ =]?\s{{0,4}}[\"']?[\w.@-]{{1,64}}:",
         r"(?P<value>[^\s\"':@/]{1,128})"),
        ("wget", rf"\bwget{_REST}--(?:http-|ftp-|proxy-)?password[= ]", _WORD_TYPED),
        ("mariadb", rf"\bmariadb(?:-\w+)?{_REST}(?:-p|--password=)(?=[^\s-])", _WORD_TYPED),
        ("mysql", rf"\bmysql(?:dump|admin)?{_REST}(?:-p|--password=)(?=[^\s-])", _WORD_TYPED),
        ("mosquitto", rf"\bmosquitto_(?:pub|sub|rr){_REST}(?:-P|--pw)\s{{1,4}}", _WORD_TYPED),
        ("ftp", rf"\bftp(?:put|get){_REST}-p\s{{0,4}}", _WORD_TYPED),
        ("openssl", rf"\bopenssl{_REST}-pass(?:in|out|word)?\s{{1,4}}(?P<quote>[\"'])?pass:",
         r"(?P<value>[^\s\"']{1,128})(?(quote)(?P=quote)|(?=[\s;|&)\"'`]|$))"),
        ("chpasswd", r"\becho\s{1,4}(?:-[ne]{1,2}\s{1,4})?[\"']?[a-z_][\w-]{0,31}:(?P<value>[^\s\"':|]{1,128})",
         r"[\"']?\s{0,4}\|\s{0,4}(?:\S{0,40}/)?(?:busybox )?chpasswd"),
        ("passwd", r"\becho\s{1,4}-e\s{1,4}[\"']?(?P<value>[^\s\"'\\|]{3,64})\\n[^\s\"'|]{3,64}",
         r"[\"']?\s{0,4}\|\s{0,4}(?:\S{0,40}/)?passwd\b"),
        ("expect", r"^\s{0,16}expect\s[^\n]{0,60}(?i:assword)[^\n]{0,40}\{?\s{0,4}send\s{1,4}(?:--\s)?",
         r"\"(?P<value>[^\"$\\]{3,64})\\[rn]\""),
    )
)  # fmt: skip

_FORMS = (
    r"|%[\w({]|\{\{|\}\}|^<.*>?$|^\[.*\]$|^\{.*\}$|^\(.*\)$|^@.*@?$|^x{3,}$|^\*+$|^\.{2,}|^-+$|^_+$|"
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


def assigned(data: bytes, style: Style, path: str) -> Iterator[Credential]:
    """Values given to names, and commands with passwords, in a text."""
    seen: set[str] = set()
    for start, end in sorted(_hinted(data)):
        line = data[start:end].decode("utf-8", "surrogateescape").rstrip("\r")
        for kind, name, length in _in_line(line, style, path):
            if name not in seen:
                seen.add(name)
                yield Credential(kind, name, start, length)


def _hinted(data: bytes) -> set[tuple[int, int]]:
    """The lines worth a look, by start and end; none that is too long to be written by hand."""
    lowered = data.lower()
    lines: set[tuple[int, int]] = set()
    for hint in _HINTS:
        position = lowered.find(hint)
        for _ in range(HITS_LIMIT):
            if position < 0:
                break
            start = lowered.rfind(b"\n", max(0, position - LINE_LIMIT), position) + 1
            end = lowered.find(b"\n", position, position + LINE_LIMIT)
            if end < 0:
                end = min(len(data), position + LINE_LIMIT)
            if end - start <= LINE_LIMIT and (start > 0 or position < LINE_LIMIT):
                lines.add((start, end))
            position = lowered.find(hint, end)
    return lines


def _in_line(line: str, style: Style, path: str) -> Iterator[tuple[Kind, str, int]]:
    if _COMMENT.match(line) and not line.lstrip().startswith('"'):
        return
    for name, pattern in _COMMANDS if not path.endswith(_PAGES) else ():
        match = pattern.search(line) if name in line else None
        if match is not None and _is_typed(match["value"]):
            yield Kind.PASSWORD, f"{name} command", len(match["value"])
    for pattern in _patterns(line, style):
        for match in pattern.finditer(line):
            value = _value(match)
            if _is_header(value) if pattern in _HEADERS else _is_secret(match["name"], value, style, _form(path)):
                yield _kind(match["name"], path), match["name"].lower(), len(value)


def _patterns(line: str, style: Style) -> Iterator[re.Pattern[str]]:
    if "uthorization" in line.lower():
        yield _IN_HEADER_OF_CODE if style is Style.CODE else _IN_HEADER
    if style is Style.CODE:
        yield from (_IN_CODE, _IN_DEFINE, _IN_XML)
        return
    yield from (_IN_CONFIG, _IN_UCI, _BY_BLANK, _IN_XML, _IN_NETRC)
    if "-e" in line:
        yield _IN_CONTAINER
    if _ENVIRONMENT.match(line):
        yield _IN_ENVIRONMENT


_HEADERS = (_IN_HEADER, _IN_HEADER_OF_CODE)


def _is_header(value: str) -> bool:
    """What follows the word of a scheme: no variable, no form, not a word, nor one in base 64."""
    try:
        plain = base64.b64decode(value, validate=True).decode("ascii").partition(":")[2]
    except (binascii.Error, ValueError):
        plain = ""
    if plain and _NO_PASSWORD.search(plain):
        return False
    return not _PLACEHOLDER.search(value) and _looks_random(value) and not _SAMPLE.search(value.encode())


def _looks_random(value: str) -> bool:
    return (
        len(value) >= 10
        and any(map(str.isdigit, value))
        and any(map(str.isalpha, value))
        and entropy(value.encode()) >= 3.0
    )


def _kind(name: str, path: str) -> Kind:
    wifi = (
        "psk" in name.lower() or name.lower().startswith(("wpa", "wep", "sae")) or path.endswith("etc/config/wireless")
    )
    return Kind.WIFI if wifi else Kind.PASSWORD


def _value(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return next((groups[key] for key in ("double", "single", "long", "bare") if groups.get(key) is not None), "") or ""


def _is_typed(value: str) -> bool:
    """A password on a command line: no variable, no form."""
    return not _PLACEHOLDER.search(value) and value.lower() not in _NO_VALUE and "`" not in value


def _form(path: str) -> re.Pattern[str]:
    return _PLACEHOLDER_IN_DATA if path.endswith(".json") else _PLACEHOLDER


def _is_secret(name: str, value: str, style: Style, form: re.Pattern[str]) -> bool:
    if not 4 <= len(value) <= 200 or any(sign.isspace() for sign in value) or not value.isascii():
        return False
    if form.search(value) or value.lower() in _NO_VALUE or value.lower() == name.lower():
        return False
    if value.startswith(("/", "./", "~", "http://", "https://", "-")) or _CALL.search(value):
        return False
    if re.search(rf"(?i){_WORD}", value) and re.fullmatch(r"[A-Za-z_ .:-]+", value):
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
    return not (words and ("." in value or ":" in value))


def entropy(value: bytes) -> float:
    """Shannon's, in bits for each byte."""
    counts = Counter(value)
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values()) if value else 0.0


_REGISTRY = re.compile(rb"\"auth\"\s{0,8}:\s{0,8}\"([A-Za-z0-9+/]{8,1000}={0,2})\"")
_REGISTRY_FILE = re.compile(
    r"(?:^|/)(?:\.docker/config\.json|\.dockercfg|\.dockerconfigjson|containers/auth\.json|kubelet/config\.json)$"
)
"""Where Docker, Podman and Kubernetes keep logins to registries: `auth` is user:password in base 64."""


def _registry(data: bytes) -> Iterator[Credential]:
    for match in _REGISTRY.finditer(data):
        try:
            user, colon, password = base64.b64decode(match[1], validate=True).partition(b":")
        except (binascii.Error, ValueError):
            continue
        if user and colon and password and not _NO_PASSWORD.search(password.decode("latin-1")):
            yield Credential(Kind.PASSWORD, "registry login", match.start(1), len(password))
            return


_SECRETS_LINE = re.compile(
    rb"(?m)^[ \t]{0,8}(?:\"[^\"\n]{1,100}\"|[^\s#\"]{1,100})[ \t]{1,8}\S{1,100}[ \t]{1,8}"
    rb"(\"[^\"\n]{1,100}\"|[^\s#]{1,100})"
)
_PEOPLE_LINE = re.compile(
    rb"(?m)^[\w.@-]{1,64}:(\$(?:apr1|2[aby]|5|6|7|1)\$[\w./$+=,-]{16,200}|\{SHA\}[\w+/=]{20,40}|[./0-9A-Za-z]{13})\s*$"
)


def in_known_file(data: bytes, path: str) -> Iterator[Credential]:
    """Files that are lists of passwords."""
    name = path.rpartition("/")[2]
    if _REGISTRY_FILE.search(path):
        yield from _registry(data)
    if name in ("chap-secrets", "pap-secrets"):
        match = _SECRETS_LINE.search(data)
        if match is not None and match[1].strip(b'"') not in (b"", b"*"):
            yield Credential(Kind.PASSWORD, "ppp secret", match.start(1), len(match[1]))
    elif (
        re.search(r"htpasswd|\.htdigest$|^mosquitto.*passw|^pwfile$|^passwd$|^passwordfile$", name)
        and path != "etc/passwd"
    ):
        match = _PEOPLE_LINE.search(data)
        if match is not None:
            yield Credential(Kind.HASH, "password list", match.start(), len(match[1]))


_HASHED = re.compile(rb"\$(?:1|5|6|y|gy|7|2[aby]|apr1|sha1)\$[\w./=,$-]{0,60}\$[\w./]{22,128}")
HASHES_LIMIT = 1000
"""Hashes of one file of which the first that is no comment is sought."""

_ACCOUNTS = re.compile(r"(?:^|/)(?:etc/)?(?:passwd|shadow|gshadow|group)-?$|^usr/share/base-passwd/")


def hashes(data: bytes, path: str) -> Iterator[Credential]:
    """The hash of a password that a script or a configuration carries; accounts' own files are another family."""
    if b"$" not in data or _ACCOUNTS.search(path) is not None:
        return
    found = itertools.islice(_HASHED.finditer(data), HASHES_LIMIT)
    match = next((one for one in found if not _is_commented(data, one.start())), None)
    if match is not None and not _SAMPLE.search(match[0]):
        yield Credential(Kind.HASH, "password hash", match.start(), len(match[0]))
