"""Port numbers by service name: a tree's own etc/services, and the names that super-servers are mostly given.

Rules, from services(5): `name port/protocol aliases # comment`. The numbers are those that IANA assigned.
"""

from collections.abc import Mapping

Ports = Mapping[tuple[str, str], int]
"""Port numbers by name and protocol."""

_KNOWN = """
tcpmux 1 echo 7 discard 9 systat 11 daytime 13 netstat 15 chargen 19 ftp-data 20 ftp 21 ssh 22 telnet 23 smtp 25 time 37
nameserver 42 whois 43 domain 53 tftp 69 gopher 70 finger 79 http 80 www 80 kerberos 88 pop3 110 sunrpc 111 auth 113
ident 113 sftp 115 nntp 119 ntp 123 netbios-ns 137 netbios-dgm 138 netbios-ssn 139 imap2 143 imap 143 snmp 161
snmp-trap 162 ldap 389 https 443 microsoft-ds 445 exec 512 biff 512 login 513 who 513 shell 514 syslog 514 printer 515
talk 517 ntalk 518 klogin 543 kshell 544 rtsp 554 ldaps 636 rsync 873 telnets 992 imaps 993 pop3s 995 swat 901
socks 1080 mqtt 1883 nfs 2049 cvspserver 2401 git 9418 distcc 3632 svn 3690 mdns 5353 amanda 10080 zabbix-agent 10050
nrpe 5666 munin 4949 x11 6000 bootps 67 bootpc 68 uucp 540 vnc 5900 check_mk 6556
"""
_WORDS = _KNOWN.split()
KNOWN: Mapping[str, int] = {name: int(port) for name, port in zip(_WORDS[::2], _WORDS[1::2], strict=True)}


def parse(text: str) -> Ports:
    """The ports of an etc/services; of one name the first counts."""
    found: dict[tuple[str, str], int] = {}
    for row in text.split("\n"):
        words = row.partition("#")[0].split()
        number, _, protocol = words[1].partition("/") if len(words) > 1 else ("", "", "")
        if number.isascii() and number.isdecimal() and int(number[:6]) < 1 << 16:
            for name in (words[0], *words[2:]):
                found.setdefault((name, protocol), int(number))
    return found


def port(name: str, protocol: str, own: Ports) -> int | None:
    """The port that a name or a number means."""
    if name.isascii() and name.isdecimal():
        return int(name[:6]) if int(name[:6]) < 1 << 16 else None
    return own.get((name, protocol), KNOWN.get(name))
