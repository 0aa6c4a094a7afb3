"""Clients that are told to take any certificate: in scripts of a maker's own, OpenVPN's, SWUpdate's and Mender's.

Rules. Python's ssl: `CERT_NONE` and `_create_unverified_context` (a server's context has it by default and is no
client); requests and httpx: `verify=False`; paho: `tls_insecure_set(True)`; Node's `rejectUnauthorized`; PHP's
CURLOPT_SSL_VERIFYPEER and `verify_peer`; LuaSec's `verify = "none"`; Ruby's and Perl's VERIFY_NONE. Looked at are
scripts outside of the languages' own libraries, whether something is seen to start them or not. openvpn(8):
`tls-version-min`, `cipher` and `data-ciphers`; a client without `remote-cert-tls`, `verify-x509-name` or their like
takes every certificate of the authority for the server's. SWUpdate: `nocheckcert`. Mender: `SkipVerify`.
"""

import json
import re
from collections.abc import Iterator
from posixpath import basename, join

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, inside, lines
from firmward.facts.startup import Process, Startup
from firmward.facts.tls_setting import TlsSetting
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

SUFFIXES = (".py", ".js", ".mjs", ".cjs", ".php", ".lua", ".rb", ".pl")
LIBRARIES = re.compile(
    r"(?:^|/)(?:python[\d.]*|site-packages|dist-packages|node_modules|perl5?|ruby|gems|lua/5\.\d|lua/ssl|docs?|"
    r"examples?|tests?)/|^usr/src/|./vendor/"
)
PAGES = re.compile(r"(?:^|/)(?:www|html|htdocs|webroot|web|public|static|assets|dist)/.*js$")
"""What a browser runs."""

FILES_LIMIT = 500
BYTES_LIMIT = 1 << 20
COMMENT = re.compile(r"(?m)^[ \t]*(?:#|//|--|\*).*$")
UNVERIFIED = re.compile(
    r"\bverify_mode\s*=\s*(?:ssl\.)?(CERT_NONE)\b|\bcert_reqs\s*=\s*[\"']?(?:ssl\.)?(CERT_NONE)\b"
    r"|\b(_create_unverified_context)\s*\(|\b(verify_ssl\s*=\s*False|tls_insecure_set\(\s*True\s*\))"
    r"|\b(rejectUnauthorized[\"']?\s*:\s*false)\b|\b(NODE_TLS_REJECT_UNAUTHORIZED)\W{1,6}0"
    r"|\b(CURLOPT_SSL_VERIFYPEER)\b\s*(?:=>|,)\s*(?:false|0)\b|[\"'](verify_peer)[\"']\s*=>\s*false\b"
    r"|\b(verify\s*=\s*[\"']none[\"'])|\bOpenSSL::SSL::(VERIFY_NONE)\b|\bSSL_verify_mode\s*=>\s*(?:0|\w*(VERIFY_NONE))",
    re.IGNORECASE,
)
MARKS = ("verif", "cert_none", "unauthorized", "insecure")
"""One of these is in whatever UNVERIFIED and REQUESTS_VERIFY match, which are slow to look for in every script."""
REQUESTS = re.compile(r"(?m)^\s*(?:import|from)\s+(?:requests|httpx)\b")
REQUESTS_VERIFY = re.compile(r"\b(verify\s*=\s*False)\b")
SERVERS = re.compile(r"PROTOCOL_TLS_SERVER|server_side\s*=\s*True|Purpose\.CLIENT_AUTH")
NOCHECKCERT = re.compile(r"^[ \t]*nocheckcert\s*[=:]\s*true\b", re.IGNORECASE)
MENDER = ("etc/mender/mender.conf", "var/lib/mender/mender.conf")
SWUPDATE = ("etc/swupdate.cfg", "etc/swupdate/swupdate.cfg")
NAMES_SERVER = frozenset(("remote-cert-tls", "verify-x509-name", "tls-remote", "ns-cert-type", "remote-cert-eku"))
OPENVPN_WANTED = frozenset(("tls-version-min", "cipher", "data-ciphers", "ncp-ciphers", "tls-cipher"))


def scripts(tree: Tree) -> Iterator[str]:
    """The scripts of the maker's own, by their names."""
    found = (
        entry.path
        for entry in tree.entries()
        if entry.kind is Kind.FILE and entry.name.endswith(SUFFIXES) and not LIBRARIES.search(entry.path)
        if not PAGES.search(entry.path)
    )
    for _, path in zip(range(FILES_LIMIT), found, strict=False):
        yield path


def in_source(text: str, path: str) -> Iterator[tuple[str, Location]]:
    """What in a script turns verification off, and where."""
    lowered = text.lower()
    if not any(mark in lowered for mark in MARKS) or SERVERS.search(text):
        return
    bare = COMMENT.sub("", text)
    patterns = (UNVERIFIED, REQUESTS_VERIFY) if REQUESTS.search(bare) else (UNVERIFIED,)
    for pattern in patterns:
        for match in pattern.finditer(bare):
            option = next((group for group in match.groups() if group), match[0])
            yield option, Location(path, bare.count("\n", 0, match.start()) + 1)


def settings(tree: Tree, startup: Startup, files: ConfigurationFiles, unread: list[str]) -> Iterator[TlsSetting]:
    """What the configurations of clients say."""
    for process in startup.running("openvpn"):
        yield from _openvpn(tree, process, files)
    try:
        yield from _updaters(tree)
    except Unavailable as reason:
        unread.append(str(reason))


def _updaters(tree: Tree) -> Iterator[TlsSetting]:
    for path in MENDER:
        if _skips(tree.text(path)):
            yield TlsSetting("mender", "skipverify", "true", Location(path))
    for path in SWUPDATE:
        for number, line in lines(tree.text(path) or "", "#/"):
            if NOCHECKCERT.match(line):
                yield TlsSetting("swupdate", "nocheckcert", "true", Location(path, number))


def _skips(text: str | None) -> bool:
    try:
        table = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return False
    client = table.get("HttpsClient") if isinstance(table, dict) else None
    return isinstance(table, dict) and (
        table.get("SkipVerify") is True or (isinstance(client, dict) and client.get("SkipVerify") is True)
    )


def _openvpn(tree: Tree, process: Process, files: ConfigurationFiles) -> Iterator[TlsSetting]:
    words = command_line.own_words(process.argv)
    line = command_line.read(words, "", ("config", "cd"))
    named = line.get("config") or next((word for word in line.words if word.endswith((".conf", ".ovpn"))), None)
    if named is None or "$" in named:
        return
    path = inside(named if named.startswith("/") else join(line.get("cd") or "/etc/openvpn", named))
    if not tree.is_file(path):
        path = next(iter(tree.glob(f"etc/openvpn/*/{basename(path)}")), path)
    yield from parse_openvpn(files.main(path) or "", path)


def parse_openvpn(text: str, path: str) -> Iterator[TlsSetting]:
    """The settings of one tunnel; a client that does not ask for a server's certificate gets `remote-cert-tls` none."""
    options: dict[str, TlsSetting] = {}
    for number, line in lines(text, "#;"):
        name, _, value = line.partition(" ")
        options[name.lower()] = TlsSetting("openvpn", name.lower(), value.strip(), Location(path, number))
    yield from (setting for name, setting in options.items() if name in OPENVPN_WANTED)
    is_client = "client" in options or "tls-client" in options
    if is_client and not NAMES_SERVER & options.keys() and "peer-fingerprint" not in options:
        at = options.get("client", options.get("tls-client"))
        yield TlsSetting("openvpn", "remote-cert-tls", "none", at.at if at else Location(path))
