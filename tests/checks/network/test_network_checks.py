"""What the network's checks say beyond their own examples: severity by facts, three states, classics of the field."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.checks.network import tls_weak
from firmward.facts.collection import Collection
from firmward.facts.tls import find_unverified, parse_library, parse_stunnel
from firmward.model.clock import Clock
from firmward.model.facts import Source
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.policy import parse_policy

TELNET = "::respawn:/usr/sbin/telnetd -F\n"
LOAD = "::sysinit:/usr/sbin/nft -f /etc/nftables.conf\n"


def rules(body: str = "", policy: str = "drop", family: str = "inet", hook: str = "input") -> str:
    return (
        f"table {family} f {{\n chain c {{\n type filter hook {hook} priority 0; policy {policy};\n {body}\n }}\n}}\n"
    )


def verdict(check: str, files: dict[str, Content], policy: str | None = "", source: Source = Source.IMAGE) -> Verdict:
    found = find_check(check)
    facts = Collection(MemoryTree(files), source).facts("test", families([found]))
    return judge(found, facts, None if policy is None else parse_policy(policy), Clock(date(2026, 11, 20)))


def keys(found: Verdict) -> list[str]:
    return [finding.key for finding in found.findings]


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ("tcp dport 23 accept", None),
        ("ip saddr 10.0.0.0/8 tcp dport 23 accept", Severity.MEDIUM),
        ("tcp dport 22 accept", Severity.LOW),
    ],
)
def test_a_firewall_that_is_loaded_lowers_the_severity(body: str, severity: Severity | None) -> None:
    files: dict[str, Content] = {"etc/inittab": LOAD + TELNET, "etc/nftables.conf": rules(body)}
    [finding] = verdict("undeclared-listener", files).findings
    assert finding.severity is severity


def test_a_firewall_that_nothing_loads_lowers_nothing() -> None:
    [finding] = verdict("undeclared-listener", {"etc/inittab": TELNET, "etc/nftables.conf": rules()}).findings
    assert finding.severity is None


def test_listeners_need_a_policy() -> None:
    assert verdict("undeclared-listener", {"etc/inittab": TELNET}, policy=None).outcome is Outcome.UNKNOWN


def test_what_could_not_be_read_is_unknown_and_no_pass() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/lighttpd -f /etc/l.conf\n",
        "etc/l.conf": 'server.bind = "127.0.0.1"\ninclude_shell "/bin/ports"\n',
    }
    for check in ("undeclared-listener", "plaintext-protocol", "tls-weak"):
        assert verdict(check, files).outcome is Outcome.UNKNOWN, check


def test_a_missing_kernel_table_is_unknown() -> None:
    assert verdict("undeclared-listener", {"proc/version": "x"}, source=Source.LIVE).outcome is Outcome.UNKNOWN


def test_one_port_in_both_families_is_one_finding() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/nginx -c /etc/n.conf\n",
        "etc/n.conf": "http { server { listen 80; listen [::]:80; } }\n",
    }
    assert keys(verdict("undeclared-listener", files)) == ["tcp/80"]
    assert keys(verdict("plaintext-protocol", files)) == ["http"]


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ("listener 1883 127.0.0.1\nallow_anonymous true\n", Outcome.PASS),
        ("listener 1883\nallow_anonymous false\n", Outcome.PASS),
        ("listener 1883\nallow_anonymous true\n", Outcome.FAIL),
        ("listener 1883\n", Outcome.UNKNOWN),
        (
            "per_listener_settings true\nlistener 1\nallow_anonymous false\nlistener 2\nallow_anonymous true\n",
            Outcome.FAIL,
        ),
        ("port 1883\nallow_anonymous true\n", Outcome.FAIL),
    ],
)
def test_who_may_connect_to_mosquitto(configuration: str, expected: Outcome) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/mosquitto -c /etc/m.conf\n",
        "etc/m.conf": configuration,
    }
    assert verdict("mqtt-anonymous", files).outcome is expected


@pytest.mark.parametrize(("version", "expected"), [(b"1.6.9", Outcome.FAIL), (b"2.0.11", Outcome.PASS)])
def test_mosquittos_version_decides_what_nothing_sets(version: bytes, expected: Outcome) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/mosquitto -c /etc/m.conf\n",
        "etc/m.conf": "",
        "usr/sbin/mosquitto": executable(b"\x7fELF\0" + version + b"\0"),
    }
    assert verdict("mqtt-anonymous", files).outcome is expected


def test_a_community_of_ones_own_is_never_shown() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/snmpd\n",
        "etc/snmp/snmpd.conf": "rocommunity hunter2secret\nrwcommunity private\n",
    }
    found = verdict("default-community", files)
    assert keys(found) == ["private"]
    assert "hunter2secret" not in repr(found)


def test_a_file_that_nothing_loads_is_named() -> None:
    [finding] = verdict("firewall-absent", {"etc/inittab": TELNET, "etc/nftables.conf": rules()}).findings
    assert "nothing loads the rules in etc/nftables.conf" in finding.message


def test_a_system_without_a_network_needs_no_firewall() -> None:
    files: dict[str, Content] = {"etc/inittab": "::respawn:/sbin/getty 115200 ttyS0\n"}
    assert verdict("firewall-absent", files).outcome is Outcome.NOT_APPLICABLE
    assert verdict("egress-unrestricted", files).outcome is Outcome.NOT_APPLICABLE


def test_ipv6_beside_a_filtered_ipv4() -> None:
    files: dict[str, Content] = {"etc/inittab": LOAD + TELNET, "etc/nftables.conf": rules(family="ip")}
    assert keys(verdict("firewall-absent", files)) == ["ipv6"]
    assert keys(verdict("firewall-default-accept", files)) == ["ip6/input"]


def test_ipv6_that_is_switched_off_needs_no_filter() -> None:
    files: dict[str, Content] = {
        "etc/inittab": LOAD + "::sysinit:/sbin/sysctl -p\n" + TELNET,
        "etc/nftables.conf": rules(family="ip"),
        "etc/sysctl.conf": "net.ipv6.conf.all.disable_ipv6 = 1\n",
    }
    assert verdict("firewall-absent", files).outcome is Outcome.PASS
    assert verdict("firewall-default-accept", files).outcome is Outcome.PASS


def test_a_router_is_asked_about_what_it_forwards() -> None:
    files: dict[str, Content] = {"etc/inittab": LOAD + TELNET, "etc/nftables.conf": rules()}
    assert verdict("firewall-default-accept", files).outcome is Outcome.PASS
    routing: dict[str, Content] = {**files, "etc/sysctl.d/10-route.conf": "net/ipv4/ip_forward = 1\n"}
    routing["etc/inittab"] = LOAD + "::sysinit:/sbin/sysctl --system\n" + TELNET
    routing["etc/nftables.conf"] = rules() + rules(hook="forward", policy="accept").replace("chain c", "chain d")
    assert keys(verdict("firewall-default-accept", routing)) == ["ip/forward", "ip6/forward"]


def test_a_front_end_makes_the_firewall_unknown() -> None:
    files: dict[str, Content] = {"etc/inittab": "::sysinit:/usr/sbin/ufw enable\n" + TELNET}
    for check in ("firewall-absent", "firewall-default-accept", "egress-unrestricted"):
        assert verdict(check, files).outcome is Outcome.UNKNOWN, check


def test_without_zones_segmentation_is_no_question() -> None:
    assert verdict("segmentation-missing", {"etc/inittab": TELNET}).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    "files",
    [
        {"etc/network/interfaces": "iface vlan20 inet dhcp\n  vlan-raw-device eth0\n"},
        {"etc/systemd/network/20.netdev": "[NetDev]\nName=rec\nKind=vlan\n[VLAN]\nId=20\n"},
        {"etc/config/network": "config bridge-vlan\n\toption device br-lan\n\toption vlan 20\n"},
        {"etc/config/network": "config interface rec\n\toption device eth0.20\n"},
        {"etc/init.d/rcS": executable("#!/bin/sh\nip link add link eth0 name rec type vlan id 20\n")},
    ],
)
def test_a_vlan_is_found_wherever_it_is_configured(files: dict[str, Content]) -> None:
    system = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n" + TELNET,
        "etc/init.d/rcS": executable("#!/bin/sh\n"),
        **files,
    }
    policy = '[[zone]]\nname = "recorders"\nvlan = {}\n'
    assert verdict("segmentation-missing", system, policy.format(20)).outcome is Outcome.PASS
    assert keys(verdict("segmentation-missing", system, policy.format(21))) == ["recorders"]


@pytest.mark.parametrize(
    ("ciphers", "weak"),
    [
        ("EECDH+AESGCM:EECDH+CHACHA20", False),
        ("HIGH:!aNULL:!MD5", False),
        ("ECDHE-RSA-AES128-GCM-SHA256:!RC4:!3DES", False),
        ("ALL:!aNULL:!eNULL", False),
        ("DEFAULT:@SECLEVEL=2", False),
        ("DEFAULT:@SECLEVEL=0", True),
        ("ALL", True),
        ("RC4-SHA:AES128-SHA", True),
        ("HIGH:aNULL", True),
        ("DES-CBC3-SHA", True),
        ("EXPORT:LOW", True),
    ],
)
def test_weak_ciphers(ciphers: str, weak: bool) -> None:
    assert (tls_weak._weak_ciphers(ciphers) is not None) is weak


@pytest.mark.parametrize(
    ("protocols", "old"),
    [
        ("TLSv1.2 TLSv1.3", False),
        ("-ALL, TLSv1.2", False),
        ("TLSv1 TLSv1.1 TLSv1.2", True),
        ("ALL", True),
        ("SSLv3", True),
    ],
)
def test_old_protocols(protocols: str, old: bool) -> None:
    assert (tls_weak._old_among(protocols) is not None) is old


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("curl -k https://x/", "-k"),
        ("curl -sSk https://x/", "-sSk"),
        ("curl https://x/ --insecure -o y", "--insecure"),
        ("wget --no-check-certificate https://x/", "--no-check-certificate"),
        ("mosquitto_pub -h x --insecure", "--insecure"),
        ("# curl -k https://x/", None),
        ("curl https://x/; tar -k y", None),
        ("wget -k https://x/", None),
        ("curl --keepalive-time 2 https://x/", None),
    ],
)
def test_clients_that_verify_nobody(line: str, option: str | None) -> None:
    assert [one.option for one in find_unverified(f"#!/bin/sh\n{line}\n", "s")] == ([] if option is None else [option])


def test_a_joined_line_is_found_where_it_stands() -> None:
    [found] = find_unverified("#!/bin/sh\ntrue\ncurl \\\n  -k \\\n  https://x/\n", "s")
    assert found.at.line == 3


@pytest.mark.parametrize(
    ("protocols", "old"),
    [
        ("all", "TLSv1 and TLSv1.1 are allowed"),
        ("all -SSLv3", "TLSv1 and TLSv1.1 are allowed"),
        ("all -SSLv3 -TLSv1.3", "TLSv1 and TLSv1.1 are allowed"),
        ("all -SSLv3 -TLSv1", "TLSv1.1 is allowed"),
        ("-all +TLSv1 +TLSv1.2", "TLSv1 is allowed"),
        ("TLSv1.2 +SSLv3", "SSLv3 is allowed"),
        ("TLSv1 TLSv1.2", None),
        ("all -SSLv3 -TLSv1 -TLSv1.1", None),
        ("-all +TLSv1.2 +TLSv1.3", None),
        ("All -tlsv1 -TLSV1.1", None),
    ],
)
def test_apaches_protocols_add_up_by_their_signs(protocols: str, old: str | None) -> None:
    assert tls_weak._old_in_apache(protocols) == old


APACHE: dict[str, Content] = {
    "etc/inittab": "::respawn:/usr/sbin/apache2 -DFOREGROUND\n",
    "etc/apache2/apache2.conf": "IncludeOptional mods-enabled/*.conf\nIncludeOptional sites-enabled/*.conf\n",
    "etc/apache2/sites-enabled/a.conf": "Listen 443\n<VirtualHost *:443>\nSSLEngine on\n</VirtualHost>\n",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<IfModule mod_ssl.c>\nSSLProtocol all -SSLv3\n</IfModule>\n", ["apache2/sslprotocol"]),
        ("SSLProtocol -all +TLSv1.2\nSSLCipherSuite HIGH:!aNULL\n", []),
        ("SSLProtocol -all +TLSv1.2\nSSLCipherSuite ALL:+RC4-SHA\n", ["apache2/sslciphersuite"]),
        (
            "SSLProxyVerify none\nSSLProxyCheckPeerName off\n",
            ["apache2/sslproxyverify", "apache2/sslproxycheckpeername"],
        ),
    ],
)
def test_apaches_tls_is_judged(text: str, expected: list[str]) -> None:
    assert keys(verdict("tls-weak", {**APACHE, "etc/apache2/mods-enabled/ssl.conf": text})) == expected


def test_apaches_library_decides_where_no_protocol_is_named() -> None:
    found = verdict("tls-weak", {**APACHE, "usr/lib/libssl.so.1.1": b""})
    assert found.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("etc/chromium.d/90-lab", 'export CHROMIUM_FLAGS="$CHROMIUM_FLAGS --ignore-certificate-errors"\n', ["browser"]),
        ("etc/chromium-flags.conf", "--kiosk\n--ignore-certificate-errors=true\n", ["browser"]),
        ("home/kiosk/.config/openbox/autostart", "cog --ignore-tls-errors https://x/ &\n", ["browser"]),
        ("etc/environment", "QTWEBENGINE_CHROMIUM_FLAGS=--ignore-certificate-errors\n", ["browser"]),
        ("etc/chromium.d/90-lab", "# --ignore-certificate-errors\n", []),
        ("etc/chromium.d/90-pin", "X=--ignore-certificate-errors-spki-list=abc=\n", []),
        ("etc/chromium.d/90-off", "X=--ignore-certificate-errors=false\n", []),
        ("usr/share/doc/chromium/notes", "--ignore-certificate-errors\n", []),
    ],
)
def test_a_browser_that_takes_any_certificate_is_told(path: str, text: str, expected: list[str]) -> None:
    found = verdict("tls-weak", {"etc/inittab": TELNET, path: text})
    assert [(one.key, str(one.at).partition(":")[0]) for one in found.findings] == [
        (f"{name}:{path}", path) for name in expected
    ]


def test_a_browser_that_starts_with_the_option_is_told() -> None:
    line = "::respawn:/usr/bin/chromium --kiosk --ignore-certificate-errors https://x/\n"
    assert keys(verdict("tls-weak", {"etc/inittab": line})) == ["chromium:etc/inittab"]


def test_clients_in_jobs_are_looked_at() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/crond -f\n",
        "etc/crontabs/root": "41 2 * * * /usr/libexec/fetch\n",
        "usr/libexec/fetch": executable("#!/bin/sh\n/usr/libexec/inner\n"),
        "usr/libexec/inner": executable("#!/bin/sh\ncurl -ksS https://x/ -o /tmp/x\n"),
    }
    assert keys(verdict("tls-weak", files)) == ["curl:usr/libexec/inner"]


STUNNEL = "[a]\nclient = yes\nconnect = x:443\nverifyChain = no\n"


@pytest.mark.parametrize("name", ["conf.d/a.conf", "conf.d/a"])
def test_stunnel_reads_the_folder_that_it_includes(name: str) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/bin/stunnel\n",
        "etc/stunnel/stunnel.conf": "foreground = yes\nsslVersionMin = TLSv1\ninclude = /etc/stunnel/conf.d\n[b]\n",
        f"etc/stunnel/{name}": STUNNEL,
    }
    found = verdict("tls-weak", files)
    assert [(one.key, str(one.at)) for one in found.findings] == [
        ("stunnel/sslversionmin", "etc/stunnel/stunnel.conf:2"),
        ("stunnel/verify", f"etc/stunnel/{name}:1"),
    ]
    del files[f"etc/stunnel/{name}"]
    assert verdict("tls-weak", files).outcome is not Outcome.PASS


def test_stunnel_clients_must_verify() -> None:
    text = "client = yes\n[a]\nconnect = x:1\n[b]\nverifyChain = yes\nconnect = y:1\n"
    assert [(one.section, one.option, one.value) for one in parse_stunnel(text, "s")] == [("a", "verify", "none")]


def test_openssls_file_counts_only_where_it_leads_to_itself() -> None:
    section = "[d]\nMinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n"
    leads = "openssl_conf = i\n[i]\nssl_conf = s\n[s]\nsystem_default = d\n"
    assert list(parse_library(section, "o")) == []
    assert [one.option for one in parse_library(leads + section, "o")] == ["minprotocol", "cipherstring"]


OPENVPN_START = "::respawn:/usr/sbin/openvpn --cd /etc/openvpn --config /etc/openvpn/vpn.conf\n"
TUNNEL = "client\nremote-cert-tls server\ntls-version-min 1.2\ndata-ciphers AES-256-GCM\n"


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("opt/hub/cloud.py", "CONTEXT.verify_mode = ssl.CERT_NONE\n", ["cloud.py:opt/hub/cloud.py"]),
        ("opt/hub/cloud.py", "import requests\nrequests.get(url, verify=False)\n", ["cloud.py:opt/hub/cloud.py"]),
        ("opt/hub/cloud.py", "check(image, verify=False)\n", []),
        ("opt/hub/cloud.py", "# CONTEXT.verify_mode = ssl.CERT_NONE\n", []),
        ("opt/hub/api.py", "c = SSLContext(PROTOCOL_TLS_SERVER)\nc.verify_mode = ssl.CERT_NONE\n", []),
        ("usr/lib/python3.11/ssl.py", "context.verify_mode = CERT_NONE\n", []),
        ("usr/lib/lua/ssl/https.lua", 'verify = "none"\n', []),
        ("opt/app/main.js", "tls.connect({ rejectUnauthorized: false })\n", ["main.js:opt/app/main.js"]),
        ("var/www/app.js", "tls.connect({ rejectUnauthorized: false })\n", []),
        ("var/www/push.php", "curl_setopt($c, CURLOPT_SSL_VERIFYPEER, false);\n", ["push.php:var/www/push.php"]),
        ("etc/mender/mender.conf", '{"HttpsClient": {"SkipVerify": true}}\n', ["mender/skipverify"]),
        ("etc/mender/mender.conf", '{"SkipVerify": false}\n', []),
        ("etc/swupdate.cfg", "suricatta: {\n  nocheckcert = true;\n};\n", ["swupdate/nocheckcert"]),
        ("etc/swupdate.cfg", "suricatta: {\n  # nocheckcert = true;\n};\n", []),
        ("etc/openvpn/vpn.conf", TUNNEL, []),
        ("etc/openvpn/vpn.conf", TUNNEL.replace("1.2", "1.0"), ["openvpn/tls-version-min"]),
        ("etc/openvpn/vpn.conf", TUNNEL.replace("AES-256-GCM", "BF-CBC"), ["openvpn/data-ciphers"]),
        ("etc/openvpn/vpn.conf", TUNNEL.replace("remote-cert-tls server\n", ""), ["openvpn/remote-cert-tls"]),
    ],
)
def test_clients_that_do_not_verify_are_found(path: str, text: str, found: list[str]) -> None:
    start = OPENVPN_START if "openvpn" in path else "::sysinit:/bin/true\n"
    assert keys(verdict("tls-weak", {"etc/inittab": start, path: text})) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('url = "mqtt://broker.example:1883"', ["sensord mqtt broker.example"]),
        ('url = "tcp://user:word@broker.example:1883"', ["sensord mqtt broker.example"]),
        ('url = "mqtts://broker.example:8883"', []),
        ('url = "tcp://broker.example:8883"', []),
        ('url = "mqtt://localhost"', []),
        ('# url = "mqtt://broker.example"', []),
    ],
)
def test_a_client_that_speaks_in_clear_is_found(line: str, found: list[str]) -> None:
    files: dict[str, Content] = {"etc/inittab": "::respawn:/usr/bin/sensord -c /etc/s.toml\n", "etc/s.toml": line}
    assert keys(verdict("plaintext-protocol", files)) == found


OUT = "table inet f {{\n chain i {{ type filter hook input priority 0; policy drop; }}\n"
OUT += " chain o {{ type filter hook output priority 0; policy drop; {} }}\n}}\n"


@pytest.mark.parametrize(
    ("interfaces", "body", "outcome"),
    [
        ("iface eth0 inet dhcp\n", 'oifname "eth*" accept', Outcome.FAIL),
        ("iface eth0 inet dhcp\n", "oif eth0 ip daddr 192.0.2.1 accept", Outcome.PASS),
        ("iface eth0 inet dhcp\n", "oif eth1 accept", Outcome.PASS),
        ("iface eth1 inet static\n address 10.0.0.1/24\n", "oif eth1 accept", Outcome.UNKNOWN),
        ("iface eth1 inet static\n address 10.0.0.1/24\n", 'oifname "br-*" accept', Outcome.PASS),
    ],
)
def test_leaving_by_the_interface_of_the_default_route_is_no_restriction(
    interfaces: str, body: str, outcome: Outcome
) -> None:
    files: dict[str, Content] = {
        "etc/inittab": LOAD + "::sysinit:/sbin/ifup -a\n",
        "etc/network/interfaces": f"auto eth0\n{interfaces}",
        "etc/nftables.conf": OUT.format(body),
    }
    assert verdict("egress-unrestricted", files).outcome is outcome


@pytest.mark.parametrize(
    ("engine", "policy", "found"),
    [("/usr/bin/dockerd", "accept", ["ip/forward"]), ("/usr/bin/dockerd", "drop", []), ("/usr/bin/app", "accept", [])],
)
def test_who_runs_containers_forwards(engine: str, policy: str, found: list[str]) -> None:
    closed = rules().replace("chain c", "chain i")
    files: dict[str, Content] = {
        "etc/inittab": f"{LOAD}::respawn:{engine}\n",
        "etc/nftables.conf": closed + rules(policy=policy, hook="forward"),
    }
    assert keys(verdict("firewall-default-accept", files)) == found


PULL = "#!/bin/sh\ncurl --insecure -o /tmp/x https://a.example/x\n"


@pytest.mark.parametrize(
    "files",
    [
        {"etc/crontab": "25 2 * * * root /usr/sbin/pull\n", "usr/sbin/pull": executable(PULL)},
        {"etc/cron.d/pull": "25 2 * * * root sh /usr/share/pull\n", "usr/share/pull": PULL},
        {"etc/crontabs/root": "25 2 * * * curl -sk https://a.example/x\n"},
        {"etc/cron.daily/pull": executable(PULL)},
    ],
)
def test_what_a_job_runs_is_looked_at_for_certificates(files: dict[str, Content]) -> None:
    [finding] = verdict("tls-weak", {"etc/inittab": "::respawn:crond -f\n", **files}).findings
    assert finding.message.startswith("curl -")
