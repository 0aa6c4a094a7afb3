"""An industrial PC on Debian: apt, ufw, Apache, SNMPv3 and an own runtime; Samba and FTP are installed, not enabled."""

from firmward.model.memory import Content, Node, executable, link
from truth.debian_base import APT_SERVICES, CRYPTTAB, DATA, PACKAGE_BASED, UPDATES, apt, debian, declared, ssh
from truth.debian_kiosk import NFTABLES
from truth.linux_base import (
    ELF,
    UNITS,
    accounts,
    also,
    declaration,
    dropin,
    enabled,
    folder,
    profile,
    sandboxed,
    service,
    shadow_with,
)
from truth.row import Mistake, Truth, Witness

DEFAULT_UFW = """\
# /etc/default/ufw
IPV6=yes
DEFAULT_INPUT_POLICY="DROP"
DEFAULT_OUTPUT_POLICY="DROP"
DEFAULT_FORWARD_POLICY="DROP"
DEFAULT_APPLICATION_POLICY="SKIP"
MANAGE_BUILTINS=no
IPT_SYSCTL=
IPT_MODULES=""
"""

BEFORE_RULES = """\
*filter
:ufw-before-input - [0:0]
:ufw-before-output - [0:0]
:ufw-before-forward - [0:0]
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-output -o lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -j ufw-user-input
-A ufw-before-output -j ufw-user-output
COMMIT
"""

USER_RULES = """\
*filter
:ufw-user-input - [0:0]
:ufw-user-output - [0:0]
:ufw-user-forward - [0:0]
### RULES ###

### tuple ### allow tcp 443 0.0.0.0/0 any 192.0.2.0/24 in
-A ufw-user-input -p tcp --dport 443 -s 192.0.2.0/24 -j ACCEPT

### tuple ### allow udp 161 0.0.0.0/0 any 192.0.2.6 in
-A ufw-user-input -p udp --dport 161 -s 192.0.2.6 -j ACCEPT

### tuple ### allow tcp 22 0.0.0.0/0 any 192.0.2.5 in
-A ufw-user-input -p tcp --dport 22 -s 192.0.2.5 -j ACCEPT

### tuple ### allow udp 53,123 192.0.2.1 any 0.0.0.0/0 out
-A ufw-user-output -p udp -m multiport --dports 53,123 -d 192.0.2.1 -j ACCEPT

### tuple ### allow tcp 443 198.51.100.10 any 0.0.0.0/0 out
-A ufw-user-output -p tcp --dport 443 -d 198.51.100.10 -j ACCEPT

### tuple ### allow tcp 443 151.101.2.132 any 0.0.0.0/0 out
-A ufw-user-output -p tcp --dport 443 -d 151.101.2.132 -j ACCEPT

### tuple ### allow tcp 8883 198.51.100.20 any 0.0.0.0/0 out
-A ufw-user-output -p tcp --dport 8883 -d 198.51.100.20 -j ACCEPT

### END RULES ###
COMMIT
"""

UFW_UNIT = """\
[Unit]
Description=Uncomplicated firewall
DefaultDependencies=no
Before=network-pre.target
Wants=network-pre.target local-fs.target
After=local-fs.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/ufw/ufw-init start quiet
ExecStop=/usr/lib/ufw/ufw-init stop

[Install]
WantedBy=multi-user.target
"""

UFW: dict[str, Content] = {
    "etc/default/ufw": DEFAULT_UFW,
    "etc/ufw/ufw.conf": "# Set to yes to start on boot\nENABLED=yes\nLOGLEVEL=low\n",
    "etc/ufw/before.rules": Node(BEFORE_RULES, mode=0o640),
    "etc/ufw/before6.rules": Node(BEFORE_RULES.replace("ufw-", "ufw6-"), mode=0o640),
    "etc/ufw/user.rules": Node(USER_RULES, mode=0o640),
    "etc/ufw/user6.rules": Node("*filter\n:ufw6-user-input - [0:0]\n:ufw6-user-output - [0:0]\nCOMMIT\n", mode=0o640),
    f"{UNITS}/ufw.service": UFW_UNIT,
    **enabled("ufw.service"),
    "usr/lib/ufw/ufw-init": executable(
        '#!/bin/sh\n. /usr/lib/ufw/ufw-init-functions\ncase "$1" in\nstart) ufw_start ;;\nesac\n'
    ),
    "usr/lib/ufw/ufw-init-functions": ". /etc/default/ufw\n. /etc/ufw/ufw.conf\n",
}

APACHE_CONF = """\
DefaultRuntimeDir ${APACHE_RUN_DIR}
PidFile ${APACHE_PID_FILE}
Timeout 60
User ${APACHE_RUN_USER}
Group ${APACHE_RUN_GROUP}
ErrorLog syslog
IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
Include ports.conf
<Directory />
	Options None
	AllowOverride None
	Require all denied
</Directory>
AccessFileName .htaccess
<FilesMatch "^\\.ht">
	Require all denied
</FilesMatch>
ServerTokens Prod
ServerSignature Off
TraceEnable Off
IncludeOptional conf-enabled/*.conf
IncludeOptional sites-enabled/*.conf
"""

PLANT_SITE = """\
<VirtualHost *:443>
	ServerName plant
	DocumentRoot /usr/share/plant/www
	<Directory /usr/share/plant/www>
		Require all granted
	</Directory>
	ScriptAlias /cgi-bin/ /usr/lib/cgi-bin/
	<Directory /usr/lib/cgi-bin>
		Options +ExecCGI -MultiViews
		Require all granted
	</Directory>
	SSLEngine on
	SSLCertificateFile /data/tls/plant.pem
	SSLCertificateKeyFile /data/tls/plant.key
	Header always set Strict-Transport-Security "max-age=31536000"
	Header always set Content-Security-Policy "default-src 'self'"
</VirtualHost>
"""

SSL_CONF = """\
<IfModule mod_ssl.c>
	SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20
	SSLHonorCipherOrder on
	SSLProtocol -all +TLSv1.2 +TLSv1.3
	SSLSessionTickets off
</IfModule>
"""

APACHE_UNIT = """\
[Unit]
Description=The Apache HTTP Server
After=network.target remote-fs.target nss-lookup.target

[Service]
Type=forking
Environment=APACHE_STARTED_BY_SYSTEMD=true
ExecStart=/usr/sbin/apachectl start
ExecStop=/usr/sbin/apachectl graceful-stop
KillMode=mixed
Restart=on-abort

[Install]
WantedBy=multi-user.target
"""

STATE_CGI = """\
#!/usr/bin/perl -T
use strict;
use CGI;
$ENV{PATH} = '/usr/bin';
my $line = CGI->new->param('line') // '';
$line =~ /\\A([1-4])\\z/ or do { print "Status: 400\\r\\n\\r\\n"; exit };
print "Content-Type: text/plain\\r\\n\\r\\n";
open my $state, '<', "/run/plant/line$1" or exit;
print <$state>;
"""

MODULES = ("mpm_event", "authz_core", "ssl", "headers", "alias", "cgid", "mime", "dir", "status", "autoindex")

APACHE: dict[str, Content] = {
    "etc/apache2/apache2.conf": APACHE_CONF,
    "etc/apache2/ports.conf": "<IfModule ssl_module>\n\tListen 443\n</IfModule>\n",
    "etc/apache2/envvars": "export APACHE_RUN_USER=www-data\nexport APACHE_RUN_GROUP=www-data\n"
    "export APACHE_PID_FILE=/run/apache2/apache2.pid\nexport APACHE_RUN_DIR=/run/apache2\n",
    "etc/apache2/mods-available/ssl.conf": SSL_CONF,
    "etc/apache2/mods-enabled/ssl.conf": link("../mods-available/ssl.conf"),
    **{
        f"etc/apache2/mods-available/{name}.load": f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
        for name in MODULES
    },
    **{f"etc/apache2/mods-enabled/{name}.load": link(f"../mods-available/{name}.load") for name in MODULES},
    "etc/apache2/sites-available/plant.conf": PLANT_SITE,
    "etc/apache2/sites-available/000-default.conf": "<VirtualHost *:80>\n"
    "\tDocumentRoot /var/www/html\n</VirtualHost>\n",
    "etc/apache2/sites-enabled/plant.conf": link("../sites-available/plant.conf"),
    "usr/share/plant/www/index.html": "<!doctype html>\n<title>Plant</title>\n<h1>Plant</h1>\n",
    "usr/lib/cgi-bin/state": executable(STATE_CGI),
    "usr/sbin/apache2": ELF,
    "usr/sbin/apachectl": executable('#!/bin/sh\n. /etc/apache2/envvars\nexec /usr/sbin/apache2 -k "$1"\n'),
    f"{UNITS}/apache2.service": APACHE_UNIT,
    **enabled("apache2.service"),
    **dropin(
        "apache2.service",
        "confined",
        sandboxed("www-data", "RuntimeDirectory=apache2", capabilities="CAP_NET_BIND_SERVICE"),
    ),
    **profile("/usr/sbin/apache2", "/etc/apache2/** r", "/usr/share/plant/** r", "capability net_bind_service"),
}

SNMPD = """\
sysLocation    hall 4
agentaddress   udp:161
master         agentx
view   systemonly  included   .1.3.6.1.2.1.1
# rocommunity public default
rouser monitor authpriv -V systemonly
includeDir /etc/snmp/snmpd.conf.d
"""

SNMP: dict[str, Content] = {
    "etc/snmp/snmpd.conf": Node(SNMPD, mode=0o600, uid=115),
    "etc/snmp/snmpd.conf.d/10-disk.conf": "disk / 10%\nload 12 10 5\n",
    "usr/sbin/snmpd": ELF,
    f"{UNITS}/snmpd.service": service(
        "Simple Network Management Protocol (SNMP) Daemon",
        "/usr/sbin/snmpd -LOw -I -smux,mteTrigger,mteTriggerConf -f",
        sandboxed("Debian-snmp", "RuntimeDirectory=agentx", capabilities="CAP_NET_BIND_SERVICE"),
        kind="notify",
    ),
    **enabled("snmpd.service"),
    **profile("/usr/sbin/snmpd", "/etc/snmp/** r", "/proc/** r", "capability net_bind_service"),
}

SMB_CONF = """\
[global]
   workgroup = PLANT
   server role = standalone server
   server min protocol = SMB3_11
   smb encrypt = required
   map to guest = Never
   restrict anonymous = 2
   passdb backend = tdbsam
   include = /etc/samba/shares.conf
"""

SMBD_UNIT = """\
[Unit]
Description=Samba SMB Daemon
After=network.target network-online.target nmbd.service winbind.service

[Service]
Type=notify
PIDFile=/run/samba/smbd.pid
LimitNOFILE=16384
EnvironmentFile=-/etc/default/samba
ExecStart=/usr/sbin/smbd --foreground --no-process-group $SMBDOPTIONS

[Install]
WantedBy=multi-user.target
"""

VSFTPD_UNIT = """\
[Unit]
Description=vsftpd FTP server
After=network.target

[Service]
Type=simple
ExecStart=/usr/sbin/vsftpd /etc/vsftpd.conf
ExecReload=/bin/kill -HUP $MAINPID
ExecStartPre=-/bin/mkdir -p /var/run/vsftpd/empty

[Install]
WantedBy=multi-user.target
"""

XINETD = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          xinetd
# Required-Start:    $local_fs $remote_fs
# Required-Stop:     $local_fs $remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Starts or stops the xinetd daemon
### END INIT INFO
NAME=xinetd
DAEMON=/usr/sbin/$NAME
PIDFILE=/run/$NAME.pid
test -x "$DAEMON" || exit 0
test -e /etc/default/$NAME && . /etc/default/$NAME
case "$1" in
    start)
        start-stop-daemon --pidfile "$PIDFILE" --start --quiet --background --exec "$DAEMON" -- \\
            -pidfile "$PIDFILE" $XINETD_OPTS
        ;;
    stop)
        start-stop-daemon --pidfile "$PIDFILE" --stop --signal 3 --quiet --oknodo --exec "$DAEMON"
        ;;
esac
"""

TELNET = """\
service telnet
{
	disable		= yes
	flags		= REUSE
	socket_type	= stream
	wait		= no
	user		= root
	server		= /usr/sbin/in.telnetd
}
"""

NOT_ENABLED: dict[str, Content] = {
    "etc/samba/smb.conf": SMB_CONF,
    "etc/samba/shares.conf": "[recipes]\n   path = /srv/recipes\n   read only = yes\n   guest ok = no\n",
    f"{UNITS}/smbd.service": SMBD_UNIT,
    "usr/sbin/smbd": ELF,
    "etc/vsftpd.conf": "listen=NO\nlisten_ipv6=YES\nanonymous_enable=NO\nlocal_enable=YES\nssl_enable=YES\n"
    "force_local_logins_ssl=YES\nforce_local_data_ssl=YES\n",
    f"{UNITS}/vsftpd.service": VSFTPD_UNIT,
    "usr/sbin/vsftpd": ELF,
    "etc/init.d/xinetd": executable(XINETD),
    "etc/rc3.d/K01xinetd": link("../init.d/xinetd"),
    "etc/xinetd.conf": "defaults\n{\n\tlog_type = SYSLOG daemon info\n\tper_source = 4\n}\n\n"
    "includedir /etc/xinetd.d\n",
    "etc/xinetd.d/telnet": TELNET,
    "usr/sbin/xinetd": ELF,
}

OLD_SOURCE = "Enabled: no\nTypes: deb\nURIs: http://192.0.2.77/bench\nSuites: ./\nTrusted: yes\n"

CRONTAB = """\
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin
17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
25 6	* * *	root	test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
"""

INDUSTRIAL: dict[str, Content] = {
    **{path: content for path, content in debian("ipc").items() if path not in NFTABLES},
    **ssh(),
    **apt(),
    **UFW,
    **APACHE,
    **SNMP,
    **NOT_ENABLED,
    **accounts(
        services=(("sshd", 101), ("www-data", 33), ("Debian-snmp", 115), ("plant", 960)),
        people=(("operator", 1000),),
        groups=("operators:x:1100:operator", "wheel:x:1101:operator"),
    ),
    "etc/apt/sources.list.d/bench.sources": OLD_SOURCE,
    "etc/fstab": "/dev/mapper/root / ext4 errors=remount-ro 0 1\n"
    "/dev/mapper/data /data ext4 rw,nosuid,nodev,noexec 0 2\n"
    "tmpfs /tmp tmpfs rw,nosuid,nodev,noexec,mode=1777,size=10% 0 0\n"
    "tmpfs /var/tmp tmpfs rw,nosuid,nodev,noexec,mode=1777,size=10% 0 0\n",
    "etc/crypttab": CRYPTTAB + "root PARTLABEL=root none luks,tpm2-device=auto,tpm2-pcrs=7\n",
    "etc/crontab": CRONTAB,
    "etc/cron.hourly/.placeholder": "# DO NOT EDIT OR REMOVE\n",
    f"{UNITS}/cron.service": "[Unit]\nDescription=Regular background program processing daemon\n\n[Service]\n"
    "ExecStart=/usr/sbin/cron -f\nKillMode=process\n\n[Install]\nWantedBy=multi-user.target\n",
    **enabled("cron.service"),
    "usr/sbin/cron": ELF,
    "etc/ppp/ip-up": executable('#!/bin/sh\nPPP_IFACE="$1"\nexport PPP_IFACE\nrun-parts /etc/ppp/ip-up.d --arg="$1"\n'),
    "etc/ppp/ip-up.d": folder(),
    "usr/sbin/pppd": ELF,
    "etc/pam.d/su": "auth sufficient pam_rootok.so\nauth required pam_wheel.so use_uid\n@include common-auth\n",
    "usr/bin/su": executable(ELF.content, mode=0o4755),
    f"{UNITS}/plant.service": service(
        "Plant runtime", "/opt/plant/bin/plantd --config /opt/plant/etc/plant.ini", sandboxed("plant")
    ),
    **enabled("plant.service"),
    **profile("/opt/plant/bin/plantd", "/opt/plant/etc/* r", "network inet stream"),
    "opt/plant/bin/plantd": ELF,
    "opt/plant/etc/plant.ini": "[historian]\nurl = mqtts://data.maker.example:8883\npassword_file = /data/plant/pass\n",
    "opt/plant/libexec/collect.sh": executable("#!/bin/sh\ndf -P > /run/plant/df.txt\n"),
}


def industrial_policy(reviewed: bool) -> str:
    return declaration(
        "industrial-pc",
        "debian",
        listen=((443, "tcp", "apache2", "lan"), (22, "tcp", "ssh", "bastion"), (161, "udp", "snmpd", "lan")),
        egress=(UPDATES, ("deb.debian.org", 443, "tcp"), DATA),
        services=declared(
            ("ufw", None),
            ("apache2", "www-data"),
            ("snmpd", "Debian-snmp"),
            ("plant", "plant"),
            ("ssh", None),
            ("ssh-host-key", None),
            ("cron", "root"),
            *APT_SERVICES,
        ),
        people=("operator",),
        setuid=("/usr/bin/su",),
        encrypted=("/", "/data"),
        verified="none",
        writable=("/",),
        mechanism="apt",
        reviewed=reviewed,
        architecture="x86-64",
    )


PING_CGI = """\
#!/usr/bin/perl
use CGI;
my $query = CGI->new;
my $host = $query->param('host');
print $query->header('text/plain');
open(PING, "ping -c 3 $host 2>&1 |") or die;
print while <PING>;
"""

DIAG = """\
Define DIAG_PORT 8081
Listen ${DIAG_PORT}
<VirtualHost *:${DIAG_PORT}>
	DocumentRoot /usr/share/plant/www
	<Location "/diag">
		SetHandler server-status
		Require all granted
	</Location>
</VirtualHost>
"""

NT_ADMIN = "209C6174DA490CAEB422F3FA5A7AE634"
BCRYPT_ADMIN = "$2a$05$dlmCTBGpluDl4Un0bpoIY.2beKP2cfWSidh5lF2ds1oI5HGywkpRW"
NO_LM = "X" * 32
SYSTEMCTL = ("systemctl", "--root={root}", "is-enabled")


def daemon(name: str) -> tuple[Mistake, ...]:
    """What else is true of a daemon as its package brings it and that the policy does not name.

    That root runs it is no mistake of vsftpd's and smbd's: one handles its clients in children without root, the other
    acts on files as whoever asks.
    """
    return (
        also("service-unneeded", name, "DEVICE.md: a service that is not declared is not allowed"),
        also("service-unsandboxed", name, "systemd.exec(5): nothing is limited"),
        also("service-without-limits", name, "systemd.resource-control(5): none set"),
        also("mac-profile-missing", name, "apparmor.d(5): no profile attaches"),
    )


SYSTEM = Truth(
    name="debian-industrial",
    distribution="debian",
    init="systemd",
    clean=INDUSTRIAL,
    policy=industrial_policy(reviewed=True),
    mistaken_policy=industrial_policy(reviewed=False),
    low=PACKAGE_BASED,
    mistakes=(
        Mistake(
            "ftp-enabled",
            "vsftpd.conf(5): listen_port; ssl_enable is NO by default",
            "vsftpd",
            files={
                "etc/vsftpd.conf": "listen=YES\nlisten_port=2121\nanonymous_enable=NO\n"
                "local_enable=YES\nwrite_enable=YES\n",
                **enabled("vsftpd.service"),
            },
            witness=Witness((*SYSTEMCTL, "vsftpd.service"), r"^enabled", "systemd"),
        ),
        also("undeclared-listener", "2121", "vsftpd.conf(5), listen_port"),
        also("plaintext-protocol", "ftp", "vsftpd.conf(5), ssl_enable"),
        *daemon("vsftpd"),
        Mistake(
            "telnet-enabled",
            "xinetd.conf(5): type UNLISTED takes the port of the entry; systemd-sysv-generator(8): S links of rc3.d",
            "telnet",
            files={
                "etc/rc3.d/S01xinetd": link("../init.d/xinetd"),
                "etc/xinetd.d/telnet": TELNET.replace("service telnet", "service console")
                .replace("= yes", "= no")
                .replace("\tflags", "\ttype\t\t= UNLISTED\n\tport\t\t= 2323\n\tprotocol\t= tcp\n\tflags"),
                "usr/sbin/in.telnetd": ELF,
            },
            without=("etc/rc3.d/K01xinetd",),
        ),
        also("undeclared-listener", "2323", "xinetd.conf(5), port"),
        also("plaintext-protocol", "telnet", "RFC 854"),
        *daemon("xinetd"),
        also("service-runs-as-root", "xinetd", "xinetd.conf(5), user = root: telnetd need not run at all"),
        Mistake(
            "backdoor-listener",
            "xinetd.conf(5), server: a shell on the socket",
            "4444",
            files={
                "etc/xinetd.d/maint": "service maint\n{\n\ttype = UNLISTED\n\tport = 4444\n\tprotocol = tcp\n"
                "\tsocket_type = stream\n\twait = no\n\tuser = root\n\tserver = /bin/bash\n\tserver_args = -i\n}\n"
            },
        ),
        also("undeclared-listener", "4444", "xinetd.conf(5), port"),
        Mistake(
            "service-unneeded",
            "systemctl(1), enable; the policy names no smbd",
            "smbd",
            files=enabled("smbd.service"),
            witness=Witness((*SYSTEMCTL, "smbd.service"), r"^enabled", "systemd"),
        ),
        also("undeclared-listener", "445", "smb.conf(5), smb ports: 445 139 by default"),
        also("undeclared-listener", "139", "smb.conf(5), smb ports: 445 139 by default"),
        *daemon("smbd")[1:],
        Mistake(
            "world-writable",
            "smb.conf(5), root preexec: root runs it at each connection; anybody may write it",
            "connect.sh",
            files={
                "etc/samba/shares.conf": "[exchange]\n   path = /srv/exchange\n   read only = no\n"
                "   root preexec = /srv/exchange/hooks/connect.sh %u\n",
                "srv/exchange/hooks/connect.sh": executable("#!/bin/sh\nlogger smb $1\n", mode=0o777),
            },
            witness=Witness(
                ("testparm", "-s", "{root}/etc/samba/shares.conf"),
                r"root preexec = /srv/exchange/hooks",
                "samba-common-bin",
            ),
        ),
        also("hook-directory-writable", "connect.sh", "smb.conf(5), root preexec: anybody may write what root runs"),
        Mistake(
            "account-weak-hash",
            "smbpasswd(5): the fourth field is the NT hash, MD4 without a salt",
            "smbpasswd",
            files={
                "etc/samba/smb.conf": SMB_CONF.replace("tdbsam", "smbpasswd:/etc/samba/smbpasswd"),
                "etc/samba/smbpasswd": Node(
                    f"operator:1000:{NO_LM}:{NT_ADMIN}:[U          ]:LCT-66A0B1C2:\n", mode=0o600
                ),
            },
        ),
        also("image-sameness", "smbpasswd", "the same password in every copy"),
        Mistake(
            "account-default-password",
            "crypt(5), bcrypt ($2a$); the password is admin",
            "operator",
            files=shadow_with(INDUSTRIAL, "operator", BCRYPT_ADMIN),
        ),
        also("image-sameness", "shadow", "the same password in every copy"),
        Mistake(
            "default-community",
            "snmpd.conf(5), com2sec maps the community; includeDir reads *.conf",
            "public",
            files={
                "etc/snmp/snmpd.conf.d/90-scada.conf": "com2sec  scada  default  public\ngroup  ScadaRO  v2c  scada\n"
                'access ScadaRO "" any noauth exact systemonly none none\n'
            },
        ),
        also("plaintext-protocol", "snmp", "snmpd.conf(5), group: the v2c security model"),
        Mistake(
            "tls-weak",
            "mod_ssl, SSLProtocol: the virtual host's value goes before the module's file",
            "plant.conf",
            files={
                "etc/apache2/sites-available/plant.conf": PLANT_SITE.replace(
                    "	SSLEngine on\n", "	SSLEngine on\n	SSLProtocol all -SSLv3 -TLSv1.3\n"
                )
            },
        ),
        Mistake(
            "web-server-misconfigured",
            "mod_status: server-status to all; Apache core, Define",
            "diag",
            files={"etc/apache2/conf-enabled/diag.conf": DIAG},
        ),
        also("undeclared-listener", "8081", "Apache core, Define and Listen"),
        also("plaintext-protocol", "8081", "a virtual host without SSLEngine"),
        Mistake(
            "web-server-misconfigured",
            "Apache core, Options +Indexes; mod_autoindex",
            "reports",
            files={
                "etc/apache2/conf-enabled/reports.conf": 'Alias "/reports" "/srv/reports"\n'
                '<Directory "/srv/reports">\n\tOptions +Indexes +FollowSymLinks\n\tRequire all granted\n</Directory>\n'
            },
        ),
        Mistake(
            "script-injection",
            "perlfunc, open: two arguments and a pipe are given to the shell",
            "ping",
            files={"usr/lib/cgi-bin/ping": executable(PING_CGI)},
        ),
        Mistake(
            "firewall-default-accept",
            "ufw(8), /etc/default/ufw: DEFAULT_INPUT_POLICY",
            "",
            files={"etc/default/ufw": DEFAULT_UFW.replace('T_POLICY="DROP"', 'T_POLICY="ACCEPT"')},
        ),
        also("egress-unrestricted", "", "ufw(8), DEFAULT_OUTPUT_POLICY"),
        Mistake(
            "update-unauthenticated",
            "apt.conf(5): groups in braces; apt-get(8), APT::Get::AllowUnauthenticated",
            "",
            files={
                "etc/apt/apt.conf.d/99local": 'APT\n{\n  Get\n  {\n    AllowUnauthenticated "yes";\n  };\n};\n'
                'Acquire::AllowInsecureRepositories "1";\n'
            },
            witness=Witness(
                ("apt-config", "-c", "{root}/etc/apt/apt.conf.d/99local", "dump", "APT::Get::AllowUnauthenticated"),
                r'"yes"',
                "apt",
            ),
        ),
        Mistake(
            "update-not-automatic",
            "apt.systemd.daily, APT::Periodic::Enable; apt.conf(5): the later file wins",
            "",
            files={"etc/apt/apt.conf.d/95-night-shift": 'APT::Periodic::Enable "0";\n'},
        ),
        Mistake(
            "update-over-plaintext",
            "sources.list(5), deb822: URIs over http",
            "integrator",
            files={
                "etc/apt/sources.list.d/integrator.sources": "Types: deb\nURIs:\n http://repo.integrator.example/debian\n"
                "Suites: stable\nComponents: main\nSigned-By: /usr/share/keyrings/maker.gpg\n"
            },
        ),
        Mistake(
            "cron-unneeded",
            "run-parts(8) follows links; the script belongs to the service's account",
            "collect",
            files={
                "etc/cron.hourly/collect": link("/opt/plant/libexec/collect.sh"),
                "opt/plant/libexec/collect.sh": Node(
                    "#!/bin/sh\ndf -P > /run/plant/df.txt\n", mode=0o775, uid=960, gid=960
                ),
            },
            witness=Witness(("run-parts", "--list", "{root}/etc/cron.hourly"), r"collect", "debianutils"),
        ),
        Mistake(
            "hook-directory-writable",
            "pppd(8), /etc/ppp/ip-up runs what lies in ip-up.d as root",
            "ip-up.d",
            files={"etc/ppp/ip-up.d": folder(0o777)},
        ),
        also("world-writable", "ip-up.d", "the folder that root runs programs from, 0777"),
        Mistake(
            "image-sameness",
            "crypttab(5): without a key file named, /etc/cryptsetup-keys.d/NAME.key is taken, alike in every copy",
            "data.key",
            files={
                "etc/crypttab": "data PARTLABEL=data none luks,discard\n"
                "root PARTLABEL=root none luks,tpm2-device=auto,tpm2-pcrs=7\n",
                "etc/cryptsetup-keys.d/data.key": Node(bytes(range(11, 75)), mode=0o600),
            },
        ),
        Mistake(
            "mac-profile-missing",
            "aa-disable(8): a link in /etc/apparmor.d/disable keeps a profile from being loaded",
            "apache2",
            files={"etc/apparmor.d/disable/usr.sbin.apache2": link("/etc/apparmor.d/usr.sbin.apache2")},
        ),
        Mistake(
            "mac-permissive",
            "apparmor.d(5), flags: complain among others",
            "snmpd",
            files={
                "etc/apparmor.d/usr.sbin.snmpd": "include <tunables/global>\n\nprofile snmpd /usr/sbin/snmpd "
                "flags=(attach_disconnected, complain) {\n  include <abstractions/base>\n  /etc/snmp/** r,\n}\n"
            },
        ),
        Mistake(
            "su-unrestricted",
            "pam_wheel(8): sufficient with trust lets the group in without a password and keeps nobody else out",
            "",
            files={
                "etc/pam.d/su": "auth sufficient pam_rootok.so\nauth sufficient pam_wheel.so trust group=wheel\n"
                "@include common-auth\n"
            },
        ),
        Mistake(
            "sysctl",
            "sysctl.d(5): the link brings sysctl.conf in as 99-sysctl.conf, after all else",
            "kptr_restrict",
            files={
                "etc/sysctl.d/99-sysctl.conf": link("../sysctl.conf"),
                "etc/sysctl.conf": "# for perf\nkernel.kptr_restrict=0\n",
            },
        ),
        also("review-missing", "", "device.toml, [[review]]"),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
