"""Clients whose configuration makes them take any certificate: msmtp, telegraf, fluent-bit, git, wget and their like.

Rules. Many clients spell it alike, so keys are looked for whatever the program: those that turn a check off by being
true (`insecure_skip_verify` of programs in Go: telegraf, promtail, k3s), and those that ask for one and are false
(`ssl_verify`, `check_certificate` of wgetrc, `sslVerify` of git, `ssl.verification_mode` of Elastic's beats,
`tls.verify` of fluent-bit, `VerifyPeer` of collectd, `TLS_REQCERT` of OpenLDAP, `strict-ssl` of npm). They stand before
`=`, `:` or a blank, in TOML, YAML, JSON and INI alike. curl's own file takes the option alone. msmtp(1): an account has
what `defaults` said before it, and what it says itself; `tls_certcheck off` counts where TLS is on and no fingerprint
is asked for. Servers' demands on their clients have other keys. What updaters are told, the checks of updates tell, and
container-unsafe what container engines are told of registries.
"""

import re
from collections.abc import Iterator
from posixpath import basename

from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Entry, Kind, Tree

FOLDERS = re.compile(r"^(?:etc|usr/etc|usr/local/etc|opt|srv|app|data|mnt/data|root|home|config|factory)/")
NAMES = re.compile(
    r"\.(?:conf|cfg|cnf|toml|ya?ml|ini|json|properties|config|env)$|^\.?(?:msmtprc|curlrc|wgetrc|gitconfig|npmrc|config)$"
)
BESIDE = re.compile(
    r"(?:^|/)(?:node_modules|site-packages|dist-packages|examples?|samples?|docs?|tests?)/|\.(?:example|sample|dist)\.|"
    r"^etc/(?:rauc|mender|yum\.repos\.d|dnf|yum|apt|opkg|swupdate)[^/]*/|^etc/(?:yum|opkg)\.conf$|^etc/ssl/|"
    r"^etc/(?:containers|containerd|docker)/"
)
FILES_LIMIT = 2_000
BYTES_LIMIT = 256 << 10
TOTAL_LIMIT = 16 << 20
"""Bytes of all files that are looked at."""
LINE_LIMIT = 1_000
MARKS = re.compile(
    r"(?i)verif|insecure|certcheck|check.?cert|strict.?ssl|unauthorized|reqcert|^\s*-\w{0,5}k", re.MULTILINE
)

ON = r"(?:true|yes|on|1|enabled?)"
OFF = r"(?:false|no|off|0|none|disabled?|never|allow)"
SKIPS = (
    r"(?:\w{1,20}[._-])?(?:insecure[._-]?skip[._-]?(?:tls[._-]?)?verify|skip[._-]?(?:tls|ssl|cert\w{0,20})[._-]?verif\w{0,9}"
    r"|(?:tls|ssl)[._-]?skip[._-]?verif\w{0,9}|skip[._-]?verify|(?:tls|ssl)[._-]?insecure|no[._-]?check[._-]?certificate"
    r"|disable[._-]?(?:ssl|tls)[._-]?verif\w{0,9}|insecure[._-]?(?:tls|ssl))"
)
ASKS = (
    r"(?:\w{1,20}\.)?(?:(?:ssl|tls)[._-]?verify(?:[._-]?(?:peer|host|cert\w{0,9}|server))?|verify[._-]?(?:ssl|tls|cert\w{0,9})"
    r"|tls[._-]?certcheck|check[._-]?certificates?|verify(?:_?peer|_?host)|(?:ssl\.)?verification[._-]?mode"
    r"|strict[._-]?ssl|reject[._-]?unauthorized|ssl[._-]?cert[._-]?check|(?:ldap_)?tls_reqcert)"
)
SETTING = re.compile(
    rf"(?i)[\s{{,\[-]*[\"']?(?P<key>{SKIPS}(?=[\"'\s:=]{{1,6}}{ON}\b)|{ASKS}(?=[\"'\s:=]{{1,6}}{OFF}\b))[\"']?\s{{0,9}}[:=\s]"
    rf"\s{{0,9}}[\"']?(?P<value>{ON}|{OFF})[\"']?\s*(?:[,;}}\]#].*)?"
)
INLINE = re.compile(
    rf"(?i)[{{,]\s{{0,9}}[\"']?(?P<key>{SKIPS})[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?(?P<value>{ON})\b"
    rf"|[{{,]\s{{0,9}}[\"']?(?P<asks>{ASKS})[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?(?P<answer>{OFF})\b"
)
"""In a table on one line, as TOML, YAML and JSON have them."""
CURLRC = re.compile(r"-?-?insecure(?:[\s=:]+(?:true|yes|1))?|-\w{0,5}k\w{0,5}")

Told = tuple[str, str, Location]
"""The program, the option with its value, and where it stands."""


def unverified(tree: Tree, unread: list[str]) -> Iterator[Told]:
    total = 0
    for _, entry in zip(range(FILES_LIMIT), _files(tree), strict=False):
        total += entry.size
        if total > TOTAL_LIMIT:
            unread.append(f"{entry.path}: more than {TOTAL_LIMIT >> 20} MiB of configuration are not looked at for TLS")
            return
        try:
            text = tree.text(entry.path, BYTES_LIMIT)
        except Unavailable as reason:
            unread.append(str(reason))
            continue
        if text is not None and "\0" not in text and MARKS.search(text):
            yield from parse(text, entry.path)


def _files(tree: Tree) -> Iterator[Entry]:
    for entry in tree.entries():
        if entry.kind is Kind.FILE and FOLDERS.match(entry.path) and not BESIDE.search(entry.path):
            is_named = NAMES.search(entry.name) is not None
            if is_named and 0 < entry.size <= BYTES_LIMIT:
                yield entry


def parse(text: str, path: str) -> Iterator[Told]:
    """What one file turns off."""
    name = basename(path).lstrip(".")
    if name == "msmtprc" or "/msmtp/" in path:
        yield from _msmtp(text, path)
        return
    program = _program(path)
    for number, line in _lines(text):
        at = Location(path, number)
        if name == "curlrc":
            yield from ((program, line, at) for _ in (1,) if CURLRC.fullmatch(line))
        elif (match := SETTING.fullmatch(line)) is not None:
            yield program, f"{match['key']} = {match['value']}", at
        else:
            for match in INLINE.finditer(line):
                yield program, f"{match['key'] or match['asks']} = {match['value'] or match['answer']}", at


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if bare and not bare.startswith(("#", ";", "//")) and len(bare) <= LINE_LIMIT and MARKS.search(bare):
            yield number, bare


def _program(path: str) -> str:
    """The folder's name below etc, or the file's where it lies there itself."""
    steps = path.split("/")
    folder = steps[1] if steps[0] == "etc" and len(steps) > 2 else ""
    name = folder.removesuffix(".d") or basename(path).lstrip(".").partition(".")[0]
    return name.removesuffix("rc") if name in ("msmtprc", "curlrc", "wgetrc", "npmrc") else name.removesuffix("config")


def _msmtp(text: str, path: str) -> Iterator[Told]:
    """Each account that talks TLS, and what holds for it: its own lines, those of accounts it is made of, defaults."""
    defaults: dict[str, tuple[str, int]] = {}
    accounts: dict[str, dict[str, tuple[str, int]]] = {}
    current = defaults
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        key, value = words[0].lower(), words[1].strip().strip('"') if len(words) > 1 else ""
        if key == "defaults":
            current = defaults
        elif key == "account":
            name, _, parents = value.partition(":")
            current = dict(defaults)
            for parent in parents.split(","):
                current |= accounts.get(parent.strip(), {})
            accounts[name.strip()] = current
        else:
            current[key] = (value.lower(), number)
    told: dict[int, str] = {}
    for account in accounts.values() if accounts else (defaults,):
        value, number = account.get("tls_certcheck", ("on", 0))
        if value == "off" and account.get("tls", ("off", 0))[0] in ("on", "") and "tls_fingerprint" not in account:
            told.setdefault(number, value)
    for number in told:
        yield "msmtp", "tls_certcheck off", Location(path, number)
