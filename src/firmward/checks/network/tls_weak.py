import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.facts.tls import Tls, UnverifiedCommand
from firmward.facts.tls_setting import TlsSetting
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable
from firmward.model.remedy import Change, Remedy, RemoveLine, Safety, SetOption, Stage

OLD = frozenset(
    ("none", "1.0", "1.1", "ssl2", "sslv2", "sslv3", "ssl3", "sslv23", "tlsv1", "tlsv1.0", "tls1", "tlsv1.1", "tls1.1")
)
WEAK_CIPHERS = frozenset(
    ("NULL", "ENULL", "ANULL", "EXP", "EXPORT", "EXPORT40", "LOW", "DES", "3DES", "RC4", "RC2", "MD5", "ADH", "AECDH")
)
WEAK_PARTS = ("RC4-", "-RC4", "DES-CBC", "NULL-", "-NULL", "EXP-", "ADH-", "AECDH-", "-MD5", "IDEA-", "SEED-")


def _old_minimum(value: str) -> str | None:
    return f"{value} is allowed" if value.lower() in OLD else None


def _old_among(value: str) -> str | None:
    """Lists such as `TLSv1 TLSv1.1 TLSv1.2` or `-ALL, TLSv1.2`."""
    words = [word for word in re.split(r"[\s,:]+", value) if word and not word.startswith(("-", "!"))]
    old = [word.lstrip("+") for word in words if word.lstrip("+").lower() in OLD or word.lower() in ("all", "+all")]
    return f"{' and '.join(old)} {'is' if len(old) == 1 else 'are'} allowed" if old else None


APACHE_ALL = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""What `all` means to mod_ssl; of SSLv3 only with an OpenSSL that still has it."""


def _old_in_apache(value: str) -> str | None:
    """mod_ssl, SSLProtocol: `+` adds, `-` takes away, a word without a sign replaces what was before."""
    allowed: dict[str, None] = {}
    for word in value.split():
        name = word.lstrip("+-")
        meant = APACHE_ALL if name.lower() == "all" else (name,)
        if word.startswith("-"):
            allowed = {one: None for one in allowed if one.lower() not in [other.lower() for other in meant]}
        else:
            allowed = (allowed if word.startswith("+") else {}) | dict.fromkeys(meant)
    old = [name for name in allowed if name.lower() in OLD]
    return f"{' and '.join(old)} {'is' if len(old) == 1 else 'are'} allowed" if old else None


def _weak_ciphers(value: str) -> str | None:
    words = [word for word in re.split(r"[\s,:]+", value) if word]
    kept = [word.lstrip("+") for word in words if not word.startswith(("-", "!", "@"))]
    level = re.search(r"@SECLEVEL=([01])\b", value)
    weak = [word for word in kept if _is_weak(word)]
    if "!aNULL" not in words and any(word in ("ALL", "COMPLEMENTOFALL") for word in kept):
        weak.append("ALL without !aNULL")
    if level:
        weak.append(f"security level {level[1]}")
    return f"weak ciphers are allowed: {', '.join(weak[:5])}" if weak else None


def _is_weak(word: str) -> bool:
    upper = word.upper()
    return any(part in WEAK_CIPHERS for part in upper.split("+")) or any(part in upper for part in WEAK_PARTS)


def _weak_data(value: str) -> str | None:
    """Ciphers of 64-bit blocks, and none, in OpenVPN's names."""
    weak = [word for word in value.split(":") if word.upper().startswith(("BF-", "DES-", "RC2-", "CAST5-", "NONE"))]
    return f"weak ciphers are allowed: {', '.join(weak[:5])}" if weak else None


def _on(text: str) -> Callable[[str], str | None]:
    return lambda value: text if value.lower() in ("enable", "true", "yes", "1", "on") else None


def _is(word: str, text: str) -> Callable[[str], str | None]:
    return lambda value: text if value.lower() == word else None


@dataclass(frozen=True, slots=True)
class Row:
    """Options of one meaning; `better` is the value to set, where one fits all."""

    programs: tuple[str, ...]
    options: tuple[str, ...]
    fault: Callable[[str], str | None]
    better: str | None = None
    written: str | None = None

    def judge(self, setting: TlsSetting) -> str | None:
        """What is wrong with a setting, None when nothing is or the row is not about it."""
        concerns = setting.program in self.programs and setting.option in self.options
        return self.fault(setting.value) if concerns else None


CIPHERS = "HIGH:!aNULL:!eNULL:!3DES:!MD5"
"""In OpenSSL's words; what TLS 1.3 uses is chosen elsewhere."""

ROWS = (
    Row(("lighttpd", "apache2", "openssl"), ("minprotocol",), _old_minimum, "TLSv1.2", "MinProtocol"),
    Row(("lighttpd", "apache2", "openssl"), ("protocol",), _old_among, "-ALL,TLSv1.2,TLSv1.3", "Protocol"),
    Row(("lighttpd", "apache2", "openssl"), ("cipherstring",), _weak_ciphers, CIPHERS, "CipherString"),
    Row(("lighttpd",), ("ssl.cipher-list",), _weak_ciphers, CIPHERS),
    Row(("lighttpd",), ("ssl.use-sslv2", "ssl.use-sslv3"), _on("SSL 2 or 3 is allowed"), "disable"),
    Row(("nginx",), ("ssl_protocols", "proxy_ssl_protocols"), _old_among, "TLSv1.2 TLSv1.3"),
    Row(("nginx",), ("ssl_ciphers",), _weak_ciphers, CIPHERS),
    Row(("nginx",), ("proxy_ssl_verify",), _is("off", "the server behind it is not verified")),
    Row(("apache2",), ("sslprotocol", "sslproxyprotocol"), _old_in_apache, "-all +TLSv1.2 +TLSv1.3"),
    Row(("apache2",), ("sslciphersuite", "sslproxyciphersuite"), _weak_ciphers, CIPHERS),
    Row(("apache2",), ("sslproxyverify",), _is("none", "the server behind it is not verified")),
    Row(("apache2",), ("sslproxycheckpeername",), _is("off", "the name of the server behind it is not verified"), "on"),
    Row(("haproxy",), ("ssl-min-ver",), _old_minimum, "TLSv1.2"),
    Row(("haproxy",), ("force-sslv3", "force-tlsv10", "force-tlsv11"), _on("an old protocol is forced"), "no"),
    Row(("haproxy",), ("ciphers",), _weak_ciphers, CIPHERS),
    Row(("haproxy",), ("verify",), _is("none", "the server behind it is not verified")),
    Row(("mosquitto",), ("tls_version", "bridge_tls_version"), _old_minimum, "tlsv1.2"),
    Row(("mosquitto",), ("ciphers",), _weak_ciphers, CIPHERS),
    Row(("mosquitto",), ("bridge_insecure",), _on("the other broker's name is not verified"), "false"),
    Row(("stunnel",), ("sslversion",), _old_minimum, "TLSv1.2", "sslVersion"),
    Row(("stunnel",), ("sslversionmin",), _old_minimum, "TLSv1.2", "sslVersionMin"),
    Row(("stunnel",), ("ciphers",), _weak_ciphers, CIPHERS),
    Row(("stunnel",), ("verify",), _is("none", "the server is not verified")),
    Row(("vsftpd",), ("ssl_sslv2", "ssl_sslv3", "ssl_tlsv1"), _on("an old protocol is allowed"), "NO"),
    Row(("vsftpd",), ("ssl_ciphers",), _weak_ciphers, CIPHERS),
    Row(("openvpn",), ("tls-version-min",), _old_minimum, "1.2"),
    Row(("openvpn",), ("cipher", "data-ciphers", "ncp-ciphers"), _weak_data, "AES-256-GCM"),
    Row(("openvpn",), ("tls-cipher",), _weak_ciphers, "DEFAULT:!aNULL:!3DES:!MD5"),
    Row(
        ("openvpn",),
        ("remote-cert-tls",),
        _is("none", "any certificate of the authority is taken for the server's"),
        "server",
    ),
    Row(("mender",), ("skipverify",), _on("the server is not verified"), "false", "SkipVerify"),
    Row(("swupdate",), ("nocheckcert",), _on("the server is not verified"), "false"),
)

START = {"etc/inittab": "::respawn:/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf\n"}
PATH = "etc/lighttpd/lighttpd.conf"


@check(
    title="TLS is weak or not verified",
    severity=Severity.HIGH,
    practice="P18",
    cwe=326,
    bad=(
        Example(
            {**START, PATH: 'ssl.engine = "enable"\nssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1")\n'},
        ),
        Example(
            {
                "etc/inittab": "::sysinit:/etc/init.d/S90update\n",
                "etc/init.d/S90update": executable("#!/bin/sh\ncurl -sk https://updates.example/list -o /tmp/list\n"),
            }
        ),
    ),
    good=Example({**START, PATH: 'ssl.engine = "enable"\nssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2")\n'}),
)
def tls_weak(tls: Tls) -> Findings:
    """TLS before 1.2, and ciphers such as RC4 or those without authentication, are broken in practice: who sits between
    reads and changes the traffic. A client that does not verify the certificate encrypts to whoever answers, which for
    an update or a command channel is the same as no encryption. What an engine of containers takes from
    registries without a check is container-unsafe's.

    No cure here is safe: browsers and libraries speak TLS 1.2 since 2014, but who asks an image for less mostly has a
    phone, a terminal or a server in mind that is older, and that one is lost. To verify a server, one must have the
    certificate of its authority: where a program does not start without, that is for a person.
    """
    grouped: dict[str, list[tuple[Row, TlsSetting, str]]] = {}
    for setting in tls.settings:
        for row in ROWS:
            if (
                setting.program in row.programs
                and setting.option in row.options
                and (fault := row.fault(setting.value))
            ):
                grouped.setdefault(f"{setting.program}/{setting.option}", []).append((row, setting, fault))
    for key, faults in grouped.items():
        yield _finding(key, faults)
    yield from _commands(tls.unverified)
    reasons = (*tls.undecided, *tls.unread)
    if reasons:
        raise Unavailable("; ".join(reasons[:5]))


def _finding(key: str, faults: list[tuple[Row, TlsSetting, str]]) -> Finding:
    row, setting, fault = faults[0]
    place = f" ({setting.section})" if setting.section else ""
    changes = tuple(dict.fromkeys(change for one, said, _ in faults for change in _better(one, said)))
    return Finding(
        key,
        f"{setting.program}{place}: {fault}",
        at=setting.at,
        evidence=f"{setting.option} {setting.value}"[:200],
        remedy=Remedy(
            f"Set {setting.option} to {row.better}" if row.better else f"Give {setting.option} a value without them",
            Safety.UNSAFE if changes else Safety.MANUAL,
            Stage.IMAGE,
            changes,
            breaks=BREAKS if changes else "",
        ),
    )


def _better(row: Row, setting: TlsSetting) -> Iterator[Change]:
    if row.better is not None and setting.at.path:
        yield SetOption(setting.at.path, row.written or setting.option, row.better, _section(setting))


BREAKS = "a client or server so old that it speaks nothing better is reached no more"
UNTRUSTED = "a server is reached no more whose certificate no authority that is known here has signed"
LISTED = {"lighttpd": "ssl.openssl.ssl-conf-cmd"}
"""Programs that have OpenSSL's own options in a list, by its name."""
SECTIONED = ("openssl", "stunnel", "mosquitto")
"""Programs whose section decides which line is meant; elsewhere all lines of the file are set alike."""


def _section(setting: TlsSetting) -> str | None:
    if setting.option in ("minprotocol", "protocol", "cipherstring"):
        return LISTED.get(setting.program, setting.section)
    return setting.section if setting.program in SECTIONED else None


def _commands(commands: tuple[UnverifiedCommand, ...]) -> Iterator[Finding]:
    seen = set()
    for command in commands:
        key = f"{command.program}:{command.at.path}"
        if key not in seen:
            seen.add(key)
            yield Finding(
                key,
                f"{command.program} {command.option} takes any certificate",
                at=command.at,
                remedy=_verified(command),
            )


def _verified(command: UnverifiedCommand) -> Remedy:
    changes = tuple(_without(command))
    return Remedy(
        f"Drop {command.option}, and give {command.program} the maker's CA certificate",
        Safety.UNSAFE if changes else Safety.MANUAL,
        Stage.IMAGE if changes else Stage.SOURCE,
        changes,
        breaks=UNTRUSTED if changes else "",
    )


FETCHERS = frozenset(("curl", "wget", "uclient-fetch", "mosquitto_pub", "mosquitto_sub", "browser"))
OPPOSITES = {
    "true": "false", "yes": "no", "on": "off", "1": "0", "enabled": "disabled", "enable": "disable",
}  # fmt: skip
OPPOSITES |= {other: one for one, other in OPPOSITES.items()} | {"none": "full", "never": "demand", "allow": "demand"}


def _without(command: UnverifiedCommand) -> Iterator[Change]:
    """What a command or a configuration says is taken back; what stands in a program's own text is for its author."""
    path, (name, sign, value) = command.at.path, command.option.partition(" = ")
    if path is None:
        return
    if sign and value.lower() in OPPOSITES:
        better = "demand" if "reqcert" in name.lower() else OPPOSITES[value.lower()]
        yield SetOption(path, name, better)
    elif command.option == "tls_certcheck off":
        yield SetOption(path, "tls_certcheck", "on")
    elif path.endswith("curlrc") and command.at.line:
        yield RemoveLine(path, command.at.line, command.option)
    elif command.program in FETCHERS and command.option.startswith("-"):
        letter = "-k" if not command.option.startswith("--") else command.option
        for option in ("-k", "--insecure") if command.program == "curl" else (letter,):
            yield SetOption(path, option, "no", f"command {command.program}")
