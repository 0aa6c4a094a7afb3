"""Values given to names that end in password, secret, token, key and their like, in the way of the file (`=`, `:`,
UCI's `option`, an XML element), and commands that carry passwords in their options.
"""

import re
from collections.abc import Iterator

from firmward.formats.credential import COMMENT, HITS_LIMIT, LINE_LIMIT, Credential, Kind
from firmward.formats.credential_value import WORD, Style, form_of, is_header, is_secret, is_typed

_HINTS = (
    b"pass", b"pwd", b"psk", b"secret", b"token", b"_key", b"apikey", b"option key", b"option 'key", b"curl ", b"mysql",
    b"mariadb", b"mosquitto_", b"ftpput", b"ftpget", b"authorization", b"authorizationkey", b"accesskey", b"authkey",
)  # fmt: skip
"""One of these is in every line that is looked at, in lower case; each is found faster than a pattern of them all."""
_NAME = rf"(?P<name>[\w.-]{{0,48}}?{WORD}\d?)"
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
    rf"(?i)^\s{{0,32}}option\s{{1,8}}[\"']?(?P<name>\w{{0,30}}{WORD}|key\d?)[\"']?\s{{1,8}}(?:{_LITERAL}|(?P<bare>\S{{1,200}}))\s{{0,8}}$"
)
_BY_BLANK = re.compile(
    r"(?i)^\s{0,32}(?P<name>remote_password|bridge_password|requirepass|masterauth|authpass|auth-pass|rootpw|"
    r"mschapv2_password|password|passwd|wpa-psk|wpa-password|wpa-passphrase|wireless-key[1-4]?)\s{1,8}(?:"
    + _LITERAL
    + r"|(?P<bare>[^\s=:{]\S{0,199}))\s{0,8}$"
)
_IN_XML = re.compile(rf"(?i)<(?P<name>[\w.-]{{0,40}}?{WORD})(?:\s[^<>]{{0,100}})?>(?P<bare>[^<>\s]{{4,200}})</")
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
_IN_NETRC = re.compile(
    r"\b(?:login|user(?:name)?)\s{1,8}\S{1,100}\s{1,8}(?:(?:there|with)\s{1,8}){0,2}(?P<name>pass(?:word)?)\s{1,8}(?:"
    + _LITERAL
    + r"|(?P<bare>[^\s\"']\S{0,199}))"
)
"""A machine's line in .netrc, a server's in .fetchmailrc."""

_PAGES = (".html", ".htm", ".xml", ".md", ".json", ".sql")
"""Where a command is an example and none that runs."""
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
    if COMMENT.match(line) and not line.lstrip().startswith('"'):
        return
    for name, pattern in _COMMANDS if not path.endswith(_PAGES) else ():
        match = pattern.search(line) if name in line else None
        if match is not None and is_typed(match["value"]):
            yield Kind.PASSWORD, f"{name} command", len(match["value"])
    for pattern in _patterns(line, style):
        for match in pattern.finditer(line):
            value = _value(match)
            if is_header(value) if pattern in _HEADERS else is_secret(match["name"], value, style, form_of(path)):
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


def _kind(name: str, path: str) -> Kind:
    wifi = (
        "psk" in name.lower() or name.lower().startswith(("wpa", "wep", "sae")) or path.endswith("etc/config/wireless")
    )
    return Kind.WIFI if wifi else Kind.PASSWORD


def _value(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return next((groups[key] for key in ("double", "single", "long", "bare") if groups.get(key) is not None), "") or ""
