"""Every format sets an option where it stands, and leaves the rest of the file as it is."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.harden import settings
from firmward.harden.draft import Refused


@dataclass(frozen=True)
class Row:
    path: str
    before: str
    option: str
    value: str
    after: str
    section: str | None = None


ADDRESS = "etc/ssh/sshd_config"
MATCH = "Match User support"
ROWS = {
    "sshd: in its place, with its comment": Row(
        ADDRESS, "# c\nport 22\nPermitRootLogin\tyes  # why\n", "PermitRootLogin", "no",
        "# c\nport 22\nPermitRootLogin\tno  # why\n"),
    "sshd: what is said twice is said once": Row(
        ADDRESS, "X11Forwarding yes\nPort 22\nx11forwarding=yes\n", "X11Forwarding", "no",
        "X11Forwarding no\nPort 22\n"),
    "sshd: a new line stands before the first block": Row(
        ADDRESS, f"Port 22\n\n{MATCH}\n  X11Forwarding yes\n", "X11Forwarding", "no",
        f"Port 22\nX11Forwarding no\n\n{MATCH}\n  X11Forwarding yes\n"),
    "sshd: in the block that is meant": Row(
        ADDRESS, f"X11Forwarding yes\n{MATCH}\n  X11Forwarding yes\nMatch all\n", "X11Forwarding", "no",
        f"X11Forwarding yes\n{MATCH}\n  X11Forwarding no\nMatch all\n", MATCH),
    "sshd: a new line in a block": Row(
        ADDRESS, f"{MATCH}\n\tX11Forwarding no\n\nMatch Group a\n", "PermitTTY", "no",
        f"{MATCH}\n\tX11Forwarding no\n\tPermitTTY no\n\nMatch Group a\n", "Match user support"),
    "sshd: what holds for all behind a block": Row(
        ADDRESS,
        f"{MATCH}\n  PermitTTY no\nMatch all\nX11Forwarding yes\n",
        "X11Forwarding",
        "no",
        f"X11Forwarding no\n{MATCH}\n  PermitTTY no\nMatch all\n",
    ),
    "sshd: an old name of the keyword": Row(
        ADDRESS, "ChallengeResponseAuthentication yes\n", "KbdInteractiveAuthentication", "no",
        "ChallengeResponseAuthentication no\n"),
    "sshd: an empty file": Row(ADDRESS, "", "Port", "22", "Port 22\n"),
    "uci: in its section": Row(
        "etc/config/dropbear", "config dropbear\n\toption PasswordAuth 'on' # x\nconfig dropbear 'b'\n", "PasswordAuth",
        "off", "config dropbear\n\toption PasswordAuth 'off' # x\nconfig dropbear 'b'\n", "@dropbear[0]"),
    "uci: a new option": Row(
        "etc/config/dropbear", "config dropbear\n\toption a b\n\nconfig dropbear 'b'\n", "RootLogin", "0",
        "config dropbear\n\toption a b\n\nconfig dropbear 'b'\n\toption RootLogin '0'\n", "b"),
    "uci: a list gives way": Row(
        "etc/config/x", "config t\n\tlist a '1'\n\tlist a '2'\n", "a", "3", "config t\n\toption a '3'\n", "t"),
    "lighttpd: in every block": Row(
        "etc/lighttpd/lighttpd.conf", 'a = "1"\n$HTTP["url"] =~ "^/x" {\n  a = "2" # c\n}\n', "a", "3",
        'a = "3"\n$HTTP["url"] =~ "^/x" {\n  a = "3" # c\n}\n'),
    "lighttpd: a key of a list": Row(
        "etc/lighttpd/lighttpd.conf", 's.cmd = ("Protocol" => "ALL",\n "MinProtocol" => "TLSv1")\n', "MinProtocol",
        "TLSv1.2", 's.cmd = ("Protocol" => "ALL",\n "MinProtocol" => "TLSv1.2")\n', "s.cmd"),
    "lighttpd: a list that is not there": Row(
        "etc/lighttpd/lighttpd.conf", "a = 1\n", "MinProtocol", "TLSv1.2",
        'a = 1\ns.cmd += ( "MinProtocol" => "TLSv1.2" )\n', "s.cmd"),
    "lighttpd: a value of several texts": Row(
        "etc/lighttpd/lighttpd.conf", 'a = "x" + var.y + "z"\nb = 2\n', "a", "", 'a = ""\nb = 2\n'),
    "nginx: in every block": Row(
        "etc/nginx/nginx.conf", "http { autoindex on; server { location / { autoindex on; } } } # autoindex on;\n",
        "autoindex", "off", "http { autoindex off; server { location / { autoindex off; } } } # autoindex on;\n"),
    "nginx: into the block of another directive": Row(
        "etc/nginx/http.d/a.conf", "server {\n\tlocation = /s {\n\t\tstub_status;\n\t}\n}\n", "deny", "all",
        "server {\n\tlocation = /s {\n\t\tdeny all;\n\t\tstub_status;\n\t}\n}\n", "stub_status"),
    "apache: in its section alone": Row(
        "etc/apache2/conf.d/a.conf", '<Location "/a">\nRequire all granted\n</Location>\n<Location /b>\n</Location>\n',
        "Require", "local", '<Location "/a">\nRequire local\n</Location>\n<Location /b>\n</Location>\n', "location /a"),
    "haproxy: the word behind a word": Row(
        "etc/haproxy/haproxy.cfg", "listen a\n bind :1 ssl ssl-min-ver TLSv1.0 crt x\n option ssl-min-ver y\n",
        "ssl-min-ver", "TLSv1.2", "listen a\n bind :1 ssl ssl-min-ver TLSv1.2 crt x\n option ssl-min-ver y\n"),
    "haproxy: a word that goes": Row(
        "etc/haproxy/haproxy.cfg", "listen a\n bind :1 ssl force-tlsv10 crt x\n", "force-tlsv10", "no",
        "listen a\n bind :1 ssl crt x\n"),
    "mosquitto: for all listeners": Row(
        "opt/stack/broker/mosquitto.conf", "listener 1883\nallow_anonymous true\nlistener 8883\nallow_anonymous true\n",
        "allow_anonymous", "false",
        "listener 1883\nallow_anonymous false\nlistener 8883\nallow_anonymous false\n"),
    "mosquitto: for one listener": Row(
        "etc/mosquitto/mosquitto.conf", "listener 1883 ::\nlistener 8883\nallow_anonymous true\n", "allow_anonymous",
        "false", "listener 1883 ::\nallow_anonymous false\nlistener 8883\nallow_anonymous true\n", "1883"),
    "dnsmasq: what is on by its name": Row(
        "etc/dnsmasq.d/a.conf", "enable-tftp # x\ntftp-root=/data\n", "enable-tftp", "no", "tftp-root=/data\n"),
    "miniupnpd": Row(
        "etc/miniupnpd.conf", "secure_mode=no\nport=0\n", "secure_mode", "yes", "secure_mode=yes\nport=0\n"),
    "snmpd": Row("etc/snmp/snmpd.conf", "agentAddress udp:161 # all\n", "agentaddress", "udp:127.0.0.1:161",
                 "agentAddress udp:127.0.0.1:161 # all\n"),
    "uci: behind a text of several lines": Row(
        "etc/config/x", "config t\n\toption a 'x\ny'\n", "a", "c",
        "config t\n\toption a 'x\ny'\n\toption a 'c'\n", "t"),
    "vsftpd": Row("etc/vsftpd.conf", "ssl_tlsv1=YES\n", "ssl_tlsv1", "NO", "ssl_tlsv1=NO\n"),
    "redis": Row("etc/redis.d/a.conf", "port 6379\nbind * -::*\n", "bind", "127.0.0.1", "port 6379\nbind 127.0.0.1\n"),
    "openvpn": Row("etc/openvpn/a.conf", "client\ntls-version-min 1.0 ; old\n", "tls-version-min", "1.2",
                   "client\ntls-version-min 1.2 ; old\n"),
    "msmtp: in every account": Row(
        "etc/msmtprc", "account a\ntls_certcheck off\naccount b\ntls_certcheck off\n", "tls_certcheck", "on",
        "account a\ntls_certcheck on\naccount b\ntls_certcheck on\n"),
    "opkg: an option without a value": Row(
        "etc/opkg.conf", "dest root /\noption check_signature\n", "option check_signature", "1",
        "dest root /\noption check_signature 1\n"),
    "apt: in its scope": Row(
        "etc/apt/apt.conf.d/9", 'APT { Get {\n AllowUnauthenticated "yes";\n}; };\n', "APT::Get::AllowUnauthenticated",
        "false", 'APT { Get {\n AllowUnauthenticated "false";\n}; };\n'),
    "apt: new": Row("etc/apt/apt.conf", "", "A::B", "true", 'A::B "true";\n'),
    "apt: options of a source": Row(
        "etc/apt/sources.list", "deb [arch=arm64 trusted=yes] http://a/ b c\n", "trusted", "no",
        "deb [arch=arm64 trusted=no] http://a/ b c\n"),
    "apt: fields of a source": Row(
        "etc/apt/sources.list.d/a.sources", "Types: deb\nTrusted: yes\n", "Trusted", "no", "Types: deb\nTrusted: no\n"),
    "keys: in a section": Row(
        "etc/rauc/system.conf", "[system]\ncompatible=a\n\n[keyring]\npath=b\n", "min-bundle-version", "1.0.0",
        "[system]\ncompatible=a\nmin-bundle-version = 1.0.0\n\n[keyring]\npath=b\n", "system"),
    "keys: a section that is not there": Row(
        "etc/yum.repos.d/a.repo", "[a]\nx=1\n", "gpgcheck", "1", "[a]\nx=1\n\n[b]\ngpgcheck = 1\n", "b"),
    "keys: a name of several words": Row(
        "etc/ostree/remotes.d/a.conf", '[remote "a"]\ngpg-verify=false\n', "gpg-verify", "true",
        '[remote "a"]\ngpg-verify=true\n', 'remote "a"'),
    "shell: quoted where it must be": Row(
        "etc/default/a", 'export A="x y" # c\nB=2\n', "A", "p q", "export A='p q' # c\nB=2\n"),
    "selinux": Row("etc/selinux/config", "# SELINUX=\nSELINUX=permissive\n", "SELINUX", "enforcing",
                   "# SELINUX=\nSELINUX=enforcing\n"),
    "unit: lines that go on": Row(
        "usr/lib/systemd/system/a.mount", "[Mount]\nOptions=a,\\\n b\nType=x\n", "Options", "ro",
        "[Mount]\nOptions=ro\nType=x\n", "Mount"),
    "unit: a command behind an empty one": Row(
        "etc/systemd/system/a.service.d/b.conf", "", "ExecStart", "/bin/a", "[Service]\nExecStart=\nExecStart=/bin/a\n",
        "Service"),
    "fstab: the opposite goes": Row(
        "etc/fstab", "# x\n/dev/a /data\\040x ext4 rw,suid,noatime 0 2\n", "nosuid", "yes",
        "# x\n/dev/a /data\\040x ext4 rw,noatime,nosuid 0 2\n", "/data x"),
    "fstab: what takes it back goes": Row(
        "etc/fstab", "tmpfs /tmp tmpfs nosuid,defaults\n", "nosuid", "yes", "tmpfs /tmp tmpfs nosuid\n", "/tmp"),
    "libconfig: in its group": Row(
        "etc/swupdate.cfg", 'globals : {\n  a = "}";\n};\ns : { a = 1; };\n', "no-downgrading", "1.0.0",
        'globals : {\n    no-downgrading = "1.0.0";\n  a = "}";\n};\ns : { a = 1; };\n', "globals"),
    "libconfig: wherever it stands": Row(
        "etc/swupdate.cfg", "s : {\n nocheckcert = true;\n};\n", "nocheckcert", "false",
        "s : {\n nocheckcert = false;\n};\n"),
    "json": Row("etc/mender/mender.conf", '{\n "SkipVerify" : true,\n "a": [1]\n}\n', "SkipVerify", "false",
                '{\n "SkipVerify" : false,\n "a": [1]\n}\n'),
    "json: new": Row("etc/mender/mender.conf", '{"a": 1}', "SkipVerify", "false", '{\n  "SkipVerify": false,"a": 1}'),
    "toml": Row("etc/telegraf/a.toml", "# tls_insecure = true\n  tls_insecure = true\n", "tls_insecure", "false",
                "# tls_insecure = true\n  tls_insecure = false\n"),
    "yaml": Row("etc/beat/beat.yml", "a:\n  - ssl.verification_mode: none\n", "ssl.verification_mode", "full",
                "a:\n  - ssl.verification_mode: full\n"),
    "apparmor: a flag among others": Row(
        "etc/apparmor.d/a", "profile a /usr/bin/a flags=(attach_disconnected, complain) {\n}\n", "complain", "no",
        "profile a /usr/bin/a flags=(attach_disconnected) {\n}\n", "a"),
    "apparmor: the only flag": Row(
        "etc/apparmor.d/a", "/usr/bin/a (complain) {\n}\n/usr/bin/b (complain) {\n}\n", "complain", "no",
        "/usr/bin/a {\n}\n/usr/bin/b (complain) {\n}\n", "/usr/bin/a"),
    "sysctl: as it is spelled": Row(
        "etc/sysctl.d/a.conf", "-net/ipv4/conf/all/rp_filter=0\n", "net.ipv4.conf.all.rp_filter", "1",
        "-net/ipv4/conf/all/rp_filter = 1\n"),
    "address: this host alone": Row(
        "etc/update.conf", "A=http://a.example/x\nB=http://a.example:80/\nC=http://a.example.org/\n", "http://a.example",
        "https://a.example", "A=https://a.example/x\nB=http://a.example:80/\nC=http://a.example.org/\n", "address"),
}  # fmt: skip


def set_option(row: Row, text: str) -> str:
    found = settings.for_path(row.path, row.section)
    assert found is not None, row.path
    return found(text, row.option, row.value, row.section)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_an_option_is_set(row: Row) -> None:
    assert set_option(row, row.before) == row.after


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_is_set_is_set_once(row: Row) -> None:
    assert set_option(row, row.after) == row.after


@pytest.mark.parametrize(
    "row",
    [
        Row(ADDRESS, "Port 22\n", "A", "b", "", MATCH),
        Row("etc/config/x", "config a\n", "b", "c", "", "other"),
        Row("etc/config/x", "config t\n\toption a 'x\n", "b", "c", "", "t"),
        Row("etc/config/x", "config a\n", "b", "it's", "", "a"),
        Row("etc/nginx/nginx.conf", "http { }\n", "autoindex", "off", ""),
        Row("etc/nginx/nginx.conf", "autoindex on;\n", "autoindex", "off; include /tmp/x", ""),
        Row("etc/lighttpd/lighttpd.conf", "a = 1\n", "a", 'x" include "y', ""),
        Row("etc/apache2/a.conf", "Listen 80\n", "Require", "local", "", "location /x"),
        Row("etc/haproxy/haproxy.cfg", "global\n", "ciphers", "HIGH", ""),
        Row("etc/fstab", "tmpfs /run tmpfs\n", "nosuid", "yes", "", "/tmp"),
        Row("etc/swupdate.cfg", "globals : {", "a", "b", "", "globals"),
        Row("etc/mender/mender.conf", "[1]", "a", "b", ""),
        Row("etc/mender/mender.conf", "{", "a", "b", ""),
        Row("etc/beat/beat.yml", "a: b\n", "c", "d", ""),
        Row("etc/apparmor.d/a", "/usr/bin/a\nflags=(complain)\n{\n}\n", "complain", "no", "", "/usr/bin/other"),
        Row("etc/update.conf", "A=http://b.example/\n", "http://a.example", "https://a.example", "", "address"),
    ],
    ids=lambda row: f"{row.path} {row.option} {row.value} {row.section}",
)
def test_what_cannot_be_said_is_refused(row: Row) -> None:
    with pytest.raises(Refused):
        set_option(row, row.before)


LINES = st.lists(st.sampled_from([line for row in ROWS.values() for line in row.before.split("\n")]), max_size=12)


@given(lines=LINES, name=st.sampled_from(sorted(ROWS)))
def test_set_twice_is_set_once_in_any_file(lines: list[str], name: str) -> None:
    row = ROWS[name]
    try:
        once = set_option(row, "\n".join(lines))
    except Refused:
        return
    assert set_option(row, once) == once


@given(text=st.text(max_size=300), name=st.sampled_from(sorted(ROWS)))
def test_no_text_breaks_a_format(text: str, name: str) -> None:
    try:
        set_option(ROWS[name], text)
    except Refused:
        return


LONG = 40_000
HOSTILE = ("{0}", "{1}", "{2} = {0}x", "{2} {0}x", "x{0}{2}{0}\v", "{3}", "{4}", "[{3}", '{2} "{4}', "<{0}", "a {2}{3}")


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_no_text_takes_long(row: Row) -> None:
    """Time grows as the text does: what takes its square would not end within the time of a test."""
    for text in HOSTILE:
        filled = text.format(" " * LONG, "\n" * LONG, row.option, "${" * LONG, "'\"" * LONG)
        try:
            set_option(row, filled)
        except Refused:
            continue


@pytest.mark.parametrize(
    ("path", "section", "module"),
    [
        ("etc/ssh/sshd_config.d/10-a.conf", None, "sshd"),
        ("opt/vendor/ssh/sshd_config", None, "sshd"),
        ("opt/stack/broker/mosquitto.conf", None, "mosquitto"),
        ("etc/systemd/system/ssh.service.d/a.conf", "Service", "unit"),
        ("etc/init.d/S50dropbear", "command dropbear", "command"),
        ("etc/openvpn/client/care.conf", None, "openvpn"),
        ("data/app/app.yaml", None, "plain"),
    ],
)
def test_a_format_is_known_by_the_place(path: str, section: str | None, module: str) -> None:
    found = settings.for_path(path, section)
    assert found is not None
    assert found.__module__.rpartition(".")[2] == module


def test_of_other_files_nothing_is_known() -> None:
    assert settings.for_path("usr/bin/program") is None


def test_every_file_of_the_folder_is_a_format_or_a_form() -> None:
    assert all(pattern for pattern, _ in settings.formats())
    assert {begin for begin, _ in settings.forms()} == {"address", "command "}
