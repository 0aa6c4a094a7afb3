"""Debian: systemd, sshd with drop-ins and sockets, presets, ifupdown."""

from firmward.model.memory import Content, Node, link
from systems.row import System
from systems.shared import (
    ACCOUNTS,
    NO_FIREWALL,
    POLL,
    ROOT_SERVER,
    RULES_V4,
    RULESET,
    SSH_ONLY,
    SSHD,
    UPDATER,
    programs,
    script,
)

NFTABLES = """[Unit]
Description=nftables
DefaultDependencies=no
Before=network-pre.target shutdown.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/nftables.conf
ExecReload=/usr/sbin/nft -f /etc/nftables.conf
ExecStop=/usr/sbin/nft flush ruleset
[Install]
WantedBy=sysinit.target
"""
SSH_SERVICE = """[Unit]
Description=OpenBSD Secure Shell server
After=network.target auditd.service
ConditionPathExists=!/etc/ssh/sshd_not_to_be_run
[Service]
EnvironmentFile=-/etc/default/ssh
ExecStartPre=/usr/sbin/sshd -t
ExecStart=/usr/sbin/sshd -D $SSHD_OPTS
ExecReload=/usr/sbin/sshd -t
ExecReload=/bin/kill -HUP $MAINPID
Type=notify
[Install]
WantedBy=multi-user.target
Alias=sshd.service
"""
SSH_SOCKET = """[Unit]
Description=OpenBSD Secure Shell server socket
Before=sockets.target
ConditionPathExists=!/etc/ssh/sshd_not_to_be_run
[Socket]
ListenStream=22
Accept=no
[Install]
WantedBy=sockets.target
"""
TELNET_SOCKET = "[Socket]\nListenStream=23\nAccept=yes\n[Install]\nWantedBy=sockets.target\n"
TELNET_SERVICE = "[Service]\nExecStart=-/usr/sbin/telnetd\nStandardInput=socket\n"

UNITS = "usr/lib/systemd/system"
LOCAL = "etc/systemd/system"
WANTED = f"{LOCAL}/multi-user.target.wants"


def unit(command: str, *more: str) -> Content:
    return "\n".join(
        ("[Service]", f"ExecStart={command}", *more, "[Install]", "WantedBy=multi-user.target", ""),
    )


def enabled(name: str, target: str = "multi-user.target") -> dict[str, Content]:
    return {f"{LOCAL}/{target}.wants/{name}": link(f"/usr/lib/systemd/system/{name}")}


BARE: dict[str, Content] = {
    **ACCOUNTS,
    **UPDATER,
    f"{UNITS}/rauc-hawkbit-updater.service": unit(POLL),
    **enabled("rauc-hawkbit-updater.service"),
    **programs("usr/lib/systemd/systemd", "usr/sbin/nft"),
    "bin": link("usr/bin"),
    "sbin": link("usr/sbin"),
    "lib": link("usr/lib"),
    "usr/sbin/init": link("../lib/systemd/systemd"),
    "etc/machine-id": "",
    "etc/os-release": "ID=debian\nVERSION_ID=12\n",
    f"{UNITS}/default.target": link("graphical.target"),
    f"{UNITS}/graphical.target": "[Unit]\nRequires=multi-user.target\nAfter=multi-user.target\n",
    f"{UNITS}/multi-user.target": "[Unit]\nRequires=basic.target\n",
    f"{UNITS}/basic.target": "[Unit]\nRequires=sysinit.target\nWants=sockets.target timers.target\n",
    f"{UNITS}/sysinit.target": "[Unit]\nDescription=System Initialization\n",
    f"{UNITS}/sockets.target": "[Unit]\nDescription=Sockets\n",
    f"{UNITS}/timers.target": "[Unit]\nDescription=Timers\n",
    f"{UNITS}/nftables.service": NFTABLES,
}
NETWORKD: dict[str, Content] = {
    **programs("usr/lib/systemd/systemd-networkd"),
    f"{UNITS}/systemd-networkd.service": unit("!!/usr/lib/systemd/systemd-networkd", "User=systemd-network"),
}
BASE: dict[str, Content] = {
    **BARE,
    **enabled("nftables.service", "sysinit.target"),
    "etc/nftables.conf": Node(RULESET, mode=0o755),
}
SSH: dict[str, Content] = {
    **BASE,
    **programs("usr/sbin/sshd"),
    f"{UNITS}/ssh.service": SSH_SERVICE,
    f"{UNITS}/ssh.socket": SSH_SOCKET,
    "etc/ssh/sshd_config": SSHD,
    "etc/pam.d/sshd": "auth required pam_unix.so\n",
}
SSH_ON: dict[str, Content] = {**SSH, **enabled("ssh.service")}
TELNET: dict[str, Content] = {
    **BASE,
    **programs("usr/sbin/telnetd"),
    f"{UNITS}/telnet.socket": TELNET_SOCKET,
    f"{UNITS}/telnet@.service": TELNET_SERVICE,
}


def sshd(*lines: str, **replaced: str) -> str:
    """The hardened configuration with options replaced and lines at its end."""
    kept = [line for line in SSHD.splitlines() if line.split()[0] not in replaced]
    return "\n".join([*kept, *(f"{key} {value}" for key, value in replaced.items()), *lines, ""])


SYSTEMS = (
    System("debian-ssh-hardened", SSH_ON, policy=SSH_ONLY),
    System(
        "debian-sshd-drop-in-read-first-wins",
        {**SSH_ON, "etc/ssh/sshd_config.d/50-cloud-init.conf": "PasswordAuthentication yes\n"},
        (("ssh-password-login", None),),
        SSH_ONLY,
    ),
    System(
        "debian-sshd-drop-in-of-another-suffix",
        {**SSH_ON, "etc/ssh/sshd_config.d/50-cloud-init.conf.bak": "PasswordAuthentication yes\n"},
        policy=SSH_ONLY,
    ),
    System(
        "debian-sshd-match-gives-one-user-a-password",
        {**SSH_ON, "etc/ssh/sshd_config": sshd("Match User maint", "    PasswordAuthentication yes")},
        (("ssh-password-login", None),),
        SSH_ONLY,
    ),
    System(
        "debian-sshd-setting-swallowed-by-match",
        # what follows a Match belongs to it: the passwords of everyone else are on by default
        {
            **SSH_ON,
            "etc/ssh/sshd_config": "\n".join(
                (
                    "PermitRootLogin no",
                    "KbdInteractiveAuthentication no",
                    "Ciphers aes256-gcm@openssh.com",
                    "KexAlgorithms curve25519-sha256",
                    "MACs hmac-sha2-256-etm@openssh.com",
                    "HostKeyAlgorithms ssh-ed25519",
                    "Match Group sftponly",
                    "    ForceCommand internal-sftp",
                    "PasswordAuthentication no",
                    "",
                )
            ),
        },
        (("ssh-password-login", None),),
        SSH_ONLY,
    ),
    System(
        "debian-sshd-passwords-through-pam",
        {**SSH_ON, "etc/ssh/sshd_config": sshd(KbdInteractiveAuthentication="yes")},
        (("ssh-password-login", None),),
        SSH_ONLY,
    ),
    System(
        "debian-sshd-keyboard-without-pam",
        {**SSH_ON, "etc/ssh/sshd_config": sshd(KbdInteractiveAuthentication="yes", UsePAM="no")},
        policy=SSH_ONLY,
    ),
    System(
        "debian-sshd-key-and-nothing-else",
        {**SSH_ON, "etc/ssh/sshd_config": sshd("AuthenticationMethods publickey", PasswordAuthentication="yes")},
        policy=SSH_ONLY,
    ),
    System(
        "debian-sshd-options-on-the-command-line",
        {**SSH_ON, "etc/default/ssh": 'SSHD_OPTS="-o PasswordAuthentication=yes -p 2222"\n'},
        (("ssh-password-login", None), ("undeclared-listener", None)),
        SSH_ONLY,
    ),
    System(
        "debian-sshd-root-with-a-password",
        {**SSH_ON, "etc/ssh/sshd_config": sshd(PasswordAuthentication="yes", PermitRootLogin="yes")},
        (("ssh-password-login", None), ("ssh-root-login", None)),
        SSH_ONLY,
    ),
    System(
        "debian-ssh-masked",
        {
            **SSH_ON,
            f"{LOCAL}/ssh.service": link("/dev/null"),
            "etc/ssh/sshd_config": "PasswordAuthentication yes\nPermitRootLogin yes\nPermitEmptyPasswords yes\n",
        },
    ),
    System(
        "debian-ssh-installed-not-enabled",
        {**SSH, "etc/ssh/sshd_config": "PasswordAuthentication yes\nPermitRootLogin yes\n"},
    ),
    System(
        "debian-ssh-not-to-be-run",
        {**SSH_ON, "etc/ssh/sshd_config": "PasswordAuthentication yes\n", "etc/ssh/sshd_not_to_be_run": ""},
    ),
    System(
        "debian-ssh-by-socket-moved-by-drop-in",
        {
            **SSH,
            **enabled("ssh.socket", "sockets.target"),
            f"{LOCAL}/ssh.socket.d/listen.conf": "[Socket]\nListenStream=\nListenStream=2222\n",
            "etc/ssh/sshd_config": sshd(PasswordAuthentication="yes"),
        },
        (("undeclared-listener", None), ("ssh-password-login", None)),
        SSH_ONLY,
    ),
    System(
        "debian-ssh-by-socket-on-loopback",
        {
            **SSH,
            **enabled("ssh.socket", "sockets.target"),
            f"{LOCAL}/ssh.socket.d/listen.conf": "[Socket]\nListenStream=\nListenStream=127.0.0.1:22\n",
        },
    ),
    System(
        "debian-ssh-command-cleared-by-drop-in",
        {
            **SSH_ON,
            f"{LOCAL}/ssh.service.d/config.conf": (
                "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -f /etc/ssh/maintenance\n"
            ),
            "etc/ssh/sshd_config": "PasswordAuthentication yes\n",
            "etc/ssh/maintenance": SSHD,
        },
        policy=SSH_ONLY,
    ),
    System(
        "debian-ssh-listens-on-loopback",
        {**SSH_ON, "etc/ssh/sshd_config": sshd("ListenAddress 127.0.0.1", "ListenAddress ::1")},
    ),
    System("debian-telnet-socket-installed-only", TELNET),
    System(
        "debian-telnet-socket-enabled",
        {**TELNET, **enabled("telnet.socket", "sockets.target")},
        (("telnet-enabled", None), ("plaintext-protocol", None), ("undeclared-listener", None)),
    ),
    System(
        "debian-telnet-enabled-by-preset-at-first-boot",
        {
            **TELNET,
            "etc/machine-id": "uninitialized\n",
            "usr/lib/systemd/system-preset/50-vendor.preset": "enable telnet.socket\ndisable *\n",
        },
        (("telnet-enabled", None), ("plaintext-protocol", None), ("undeclared-listener", None)),
    ),
    System(
        "debian-telnet-preset-of-a-system-that-has-booted",
        {**TELNET, "usr/lib/systemd/system-preset/50-vendor.preset": "enable telnet.socket\n"},
    ),
    System(
        "debian-rules-that-nothing-loads",
        {**BARE, **enabled("systemd-networkd.service"), "etc/nftables.conf": RULESET, **NETWORKD},
        NO_FIREWALL,
    ),
    System(
        "debian-nftables-accepts",
        {**BASE, "etc/nftables.conf": RULESET.replace("policy drop", "policy accept")},
        (("firewall-default-accept", None), ("egress-unrestricted", None)),
    ),
    System(
        "debian-rules-loaded-by-ifupdown",
        {
            **BARE,
            **programs("usr/sbin/iptables-restore", "usr/sbin/ip6tables-restore", "usr/sbin/ifup"),
            **enabled("networking.service"),
            f"{UNITS}/networking.service": unit("/usr/sbin/ifup -a --read-environment", "Type=oneshot"),
            "etc/network/interfaces": (
                "auto lo eth0\niface lo inet loopback\niface eth0 inet dhcp\n"
                "    pre-up iptables-restore < /etc/iptables/rules.v4\n"
                "    pre-up ip6tables-restore < /etc/iptables/rules.v6\n"
            ),
            "etc/iptables/rules.v4": RULES_V4,
            "etc/iptables/rules.v6": RULES_V4.replace("192.0.2.1/32", "2001:db8::1/128"),
        },
    ),
    System(
        "debian-ifupdown-of-an-interface-nobody-raises",
        {
            **BARE,
            **programs("usr/sbin/iptables-restore", "usr/sbin/ifup"),
            **enabled("networking.service"),
            f"{UNITS}/networking.service": unit("/usr/sbin/ifup -a --read-environment", "Type=oneshot"),
            "etc/network/interfaces": (
                "auto lo\niface lo inet loopback\niface eth9 inet dhcp\n"
                "    pre-up iptables-restore < /etc/iptables/rules.v4\n"
            ),
            "etc/iptables/rules.v4": RULES_V4,
        },
        NO_FIREWALL,
    ),
    System(
        "debian-iptables-for-ipv4-only",
        {
            **BARE,
            **programs("usr/sbin/iptables-restore"),
            **enabled("firewall.service"),
            f"{UNITS}/firewall.service": unit("/usr/sbin/iptables-restore /etc/iptables/rules.v4", "Type=oneshot"),
            "etc/iptables/rules.v4": RULES_V4,
        },
        (("firewall-default-accept", None), ("egress-unrestricted", None)),
    ),
    System(
        "debian-lighttpd-redirects-to-https",
        {
            **BASE,
            **programs("usr/sbin/lighttpd"),
            **enabled("lighttpd.service"),
            f"{UNITS}/lighttpd.service": unit("/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf"),
            "etc/lighttpd/lighttpd.conf": (
                'server.modules = ("mod_redirect", "mod_openssl")\nserver.document-root = "/var/www"\n'
                'server.port = 80\nserver.username = "www-data"\n'
                '$HTTP["scheme"] == "http" {\n    url.redirect = ("" => "https://${url.authority}${url.path}${qsa}")\n}\n'
                '$SERVER["socket"] == ":443" {\n    ssl.engine = "enable"\n'
                '    ssl.pemfile = "/data/server.pem"\n'
                '    ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2")\n}\n'
            ),
        },
        policy="[[listen]]\nport = 80\n[[listen]]\nport = 443\n",
    ),
    System(
        "debian-lighttpd-speaks-http",
        {
            **BASE,
            **programs("usr/sbin/lighttpd"),
            **enabled("lighttpd.service"),
            f"{UNITS}/lighttpd.service": unit("/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf"),
            "etc/lighttpd/lighttpd.conf": 'server.document-root = "/var/www"\n',
        },
        (("plaintext-protocol", None), *ROOT_SERVER),
        "[[listen]]\nport = 80\n",
    ),
    System(
        "debian-nginx-redirects-and-its-tls-is-new",
        {
            **BASE,
            **programs("usr/sbin/nginx"),
            **enabled("nginx.service"),
            f"{UNITS}/nginx.service": unit("/usr/sbin/nginx -g 'daemon on; master_process on;'", "Type=forking"),
            "etc/nginx/nginx.conf": (
                "events {}\nhttp {\n  ssl_protocols TLSv1.2 TLSv1.3;\n  include /etc/nginx/sites-enabled/*;\n}\n"
            ),
            "etc/nginx/sites-enabled/default": (
                "server {\n  listen 80 default_server;\n  return 301 https://$host$request_uri;\n}\n"
                "server {\n  listen 443 ssl;\n  ssl_certificate /data/c.pem;\n  ssl_certificate_key /data/k.pem;\n}\n"
            ),
        },
        policy="[[listen]]\nport = 80\n[[listen]]\nport = 443\n",
    ),
    System(
        "debian-nginx-with-old-tls-that-nobody-serves",
        {
            **BASE,
            **programs("usr/sbin/nginx"),
            **enabled("nginx.service"),
            f"{UNITS}/nginx.service": unit("/usr/sbin/nginx -g 'daemon on; master_process on;'", "Type=forking"),
            "etc/nginx/nginx.conf": (
                "events {}\nhttp {\n  ssl_protocols TLSv1 TLSv1.1 TLSv1.2;\n  server {\n    listen 80;\n"
                "    return 301 https://other.example$request_uri;\n  }\n}\n"
            ),
        },
        policy="[[listen]]\nport = 80\n",
    ),
    System(
        "debian-nginx-with-old-tls",
        {
            **BASE,
            **programs("usr/sbin/nginx"),
            **enabled("nginx.service"),
            f"{UNITS}/nginx.service": unit("/usr/sbin/nginx -g 'daemon on; master_process on;'", "Type=forking"),
            "etc/nginx/nginx.conf": (
                "events {}\nhttp {\n  ssl_protocols TLSv1 TLSv1.1 TLSv1.2;\n  server {\n    listen 443 ssl;\n  }\n}\n"
            ),
        },
        (("tls-weak", None),),
        policy="[[listen]]\nport = 443\n",
    ),
    System(
        "debian-lighttpd-as-packaged",
        {
            **BASE,
            **programs("usr/sbin/lighttpd"),
            **enabled("lighttpd.service"),
            f"{UNITS}/lighttpd.service": unit("/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf"),
            "etc/lighttpd/lighttpd.conf": (
                'server.port = 8080\nserver.username = "www-data"\n'
                'include_shell "/usr/share/lighttpd/create-mime.conf.pl"\n'
                'include_shell "/usr/share/lighttpd/use-ipv6.pl " + server.port\n'
            ),
        },
        (("plaintext-protocol", None), ("undeclared-listener", "tcp/8080")),
    ),
    System(
        "debian-recorder-confined",
        {
            **BASE,
            **programs("usr/sbin/lighttpd", "usr/bin/recorder"),
            **enabled("lighttpd.service"),
            **enabled("recorder.service"),
            f"{UNITS}/lighttpd.service": unit("/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf"),
            f"{UNITS}/recorder.service": unit("/usr/bin/recorder"),
            f"{LOCAL}/service.d/all.conf": "[Service]\nDynamicUser=yes\nMemoryMax=64M\n",
            "etc/lighttpd/lighttpd.conf": (
                'server.port = 443\nssl.engine = "enable"\nssl.pemfile = "/data/server.pem"\n'
                'ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2")\n'
            ),
        },
        policy='[[listen]]\nport = 443\n[[service]]\nname = "recorder"\n[[service]]\nname = "rauc-hawkbit-updater"\n',
    ),
    System(
        "debian-recorder-root-and-not-named",
        {
            **BASE,
            **programs("usr/bin/recorder", "usr/bin/gdbserver"),
            **enabled("recorder.service"),
            f"{UNITS}/recorder.service": unit("/usr/bin/recorder"),
        },
        (
            ("service-unneeded", "recorder.service"),
            ("service-runs-as-root", "recorder.service"),
            ("service-unsandboxed", "recorder.service"),
            ("service-without-limits", "recorder.service"),
            ("debug-tool-shipped", "debugger"),
        ),
        '[[service]]\nname = "camera"\n[[service]]\nname = "rauc-hawkbit-updater"\n',
    ),
    System(
        "debian-own-scripts-read-settings",
        {
            **BASE,
            **enabled("apt-daily.service"),
            f"{UNITS}/apt-daily.service": unit("/usr/lib/apt/apt.systemd.daily update", "Type=oneshot"),
            "usr/lib/apt/apt.systemd.daily": script(
                "AutoAptEnable=1",
                "eval $(apt-config shell AutoAptEnable APT::Periodic::Enable)",
                'if [ "$AutoAptEnable" -eq 0 ]; then exit 0; fi',
                "eval apt-get check $XAPTOPT",
            ),
            # a getty on a line that the kernel names hides no server
            f"{UNITS}/serial-getty@.service": "[Service]\nExecStart=-/sbin/agetty -o '-p -- \\u' --keep-baud %I\n",
        },
    ),
    System(
        "debian-ufw-not-enabled",
        {
            **BARE,
            **NETWORKD,
            **enabled("systemd-networkd.service"),
            **enabled("ufw.service"),
            f"{UNITS}/ufw.service": unit("/usr/lib/ufw/ufw-init start quiet", "Type=oneshot"),
            "usr/lib/ufw/ufw-init": script("iptables-restore -n < /etc/ufw/before.rules"),
            "etc/ufw/ufw.conf": "ENABLED=no\nLOGLEVEL=low\n",
        },
        NO_FIREWALL,
    ),
    System(
        "debian-ufw",
        {
            **BARE,
            **NETWORKD,
            **enabled("systemd-networkd.service"),
            **enabled("ufw.service"),
            f"{UNITS}/ufw.service": unit("/usr/lib/ufw/ufw-init start quiet", "Type=oneshot"),
            "usr/lib/ufw/ufw-init": script("iptables-restore -n < /etc/ufw/before.rules"),
            "etc/ufw/ufw.conf": "ENABLED=yes\nLOGLEVEL=low\n",
        },
        unknown=("egress-unrestricted", "firewall-absent", "firewall-default-accept"),
    ),
    System(
        "debian-mosquitto-2-defaults",
        {
            **BASE,
            **programs("usr/sbin/mosquitto"),
            **enabled("mosquitto.service"),
            f"{UNITS}/mosquitto.service": unit("/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf"),
            "etc/mosquitto/mosquitto.conf": "persistence true\ninclude_dir /etc/mosquitto/conf.d\n",
            "etc/mosquitto/conf.d/README": "Any files placed in this directory that have a .conf ending are read.\n",
            "usr/sbin/mosquitto": Node(b"\x7fELF\x00mosquitto version %s starting\x002.0.11\x00", mode=0o755),
            "var/lib/dpkg/status": (
                "Package: mosquitto\nStatus: install ok installed\nArchitecture: arm64\nVersion: 2.0.11-1.2+deb12u1\n\n"
            ),
        },
    ),
    System(
        "debian-mosquitto-open-listener",
        {
            **BASE,
            **programs("usr/sbin/mosquitto"),
            **enabled("mosquitto.service"),
            f"{UNITS}/mosquitto.service": unit("/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf"),
            "etc/mosquitto/mosquitto.conf": "include_dir /etc/mosquitto/conf.d\n",
            "etc/mosquitto/conf.d/lan.conf": "listener 1883\nallow_anonymous true\n",
        },
        (("mqtt-anonymous", None), ("plaintext-protocol", None)),
        "[[listen]]\nport = 1883\n",
    ),
    System(
        "debian-snmp-v3-only",
        {
            **BASE,
            **programs("usr/sbin/snmpd"),
            **enabled("snmpd.service"),
            f"{UNITS}/snmpd.service": unit("/usr/sbin/snmpd -LOw -u Debian-snmp -g Debian-snmp -I -smux -f"),
            "etc/snmp/snmpd.conf": "agentaddress udp:161\nrouser monitor priv\ncreateUser monitor SHA x AES y\n",
        },
        policy='[[listen]]\nport = 161\nprotocol = "udp"\n',
    ),
    System(
        "debian-snmp-public",
        {
            **BASE,
            **programs("usr/sbin/snmpd"),
            **enabled("snmpd.service"),
            f"{UNITS}/snmpd.service": unit("/usr/sbin/snmpd -LOw -u Debian-snmp -g Debian-snmp -I -smux -f"),
            "etc/snmp/snmpd.conf": "agentaddress udp:161\nrocommunity public default\n",
        },
        (("default-community", None), ("plaintext-protocol", None)),
        '[[listen]]\nport = 161\nprotocol = "udp"\n',
    ),
    System(
        "debian-snmp-as-packaged",
        {
            **BASE,
            **programs("usr/sbin/snmpd"),
            **enabled("snmpd.service"),
            f"{UNITS}/snmpd.service": unit("/usr/sbin/snmpd -LOw -u Debian-snmp -g Debian-snmp -I -smux -f"),
            "etc/snmp/snmpd.conf": (
                "agentaddress  127.0.0.1,[::1]\nview systemonly included .1.3.6.1.2.1.1\n"
                "rocommunity  public default -V systemonly\nrocommunity6 public default -V systemonly\n"
                "rouser authPrivUser authpriv -V systemonly\nincludeDir /etc/snmp/snmpd.conf.d\n"
            ),
        },
    ),
    System(
        "debian-dnsmasq-for-its-network",
        {
            **BASE,
            **programs("usr/sbin/dnsmasq"),
            **enabled("dnsmasq.service"),
            f"{UNITS}/dnsmasq.service": unit("/usr/sbin/dnsmasq -k --local-service"),
            "etc/dnsmasq.conf": "conf-dir=/etc/dnsmasq.d/,*.conf\n",
            "etc/dnsmasq.d/README": "# All files in this directory will be read by dnsmasq.\n",
        },
        policy='[[listen]]\nport = 53\n[[listen]]\nport = 53\nprotocol = "udp"\n',
    ),
    System(
        "debian-dnsmasq-on-loopback",
        {
            **BASE,
            **programs("usr/sbin/dnsmasq"),
            **enabled("dnsmasq.service"),
            f"{UNITS}/dnsmasq.service": unit("/usr/sbin/dnsmasq -k"),
            "etc/dnsmasq.conf": "listen-address=127.0.0.1\nbind-interfaces\n",
        },
    ),
    System(
        "debian-sudo-wheel-with-nobody-in-it",
        {
            **BASE,
            "usr/bin/sudo": Node(b"\x7fELF", mode=0o4755),
            "etc/sudoers": Node("root ALL=(ALL:ALL) ALL\n%wheel ALL=(ALL) NOPASSWD: ALL\n", mode=0o440),
        },
    ),
    System(
        "debian-sudo-wheel-with-a-member",
        {
            **BASE,
            "usr/bin/sudo": Node(b"\x7fELF", mode=0o4755),
            "etc/sudoers": Node("root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n", mode=0o440),
            "etc/sudoers.d/wheel": Node("%wheel ALL=(ALL) NOPASSWD: ALL\n", mode=0o440),
            "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nadmin:x:1000:1000::/home/admin:/bin/sh\n",
            "etc/shadow": "root:*:19000::::::\nadmin:!:19000::::::\n",
            "etc/group": "root:x:0:\nwheel:x:10:admin\nadmin:x:1000:\n",
        },
        (("sudo-unrestricted", None),),
    ),
    System(
        "debian-service-for-loopback-only",
        {
            **BASE,
            **programs("usr/bin/redis-server"),
            **enabled("telnet-local.socket", "sockets.target"),
            f"{UNITS}/telnet-local.socket": "[Socket]\nListenStream=127.0.0.1:8080\nListenStream=/run/x.sock\n",
            f"{UNITS}/telnet-local.service": "[Service]\nExecStart=/usr/bin/app\n",
        },
    ),
    System(
        "debian-host-keys-on-the-data-partition",
        {
            **SSH_ON,
            "etc/ssh/ssh_host_ed25519_key": link("/data/ssh/ssh_host_ed25519_key"),
            "etc/ssh/ssh_host_ed25519_key.pub": link("/data/ssh/ssh_host_ed25519_key.pub"),
        },
        policy=SSH_ONLY,
    ),
    System(
        "debian-timer-starts-a-shell",
        {
            **BASE,
            **programs("usr/bin/nc"),
            **enabled("debug.timer", "timers.target"),
            f"{UNITS}/debug.timer": "[Timer]\nOnBootSec=5min\n[Install]\nWantedBy=timers.target\n",
            f"{UNITS}/debug.service": "[Service]\nExecStart=/bin/nc -l -p 4444 -e /bin/sh\n",
        },
        (("backdoor-listener", None), ("undeclared-listener", None)),
        nothing_else=False,
    ),
)
