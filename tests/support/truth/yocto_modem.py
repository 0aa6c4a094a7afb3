"""A modem on Poky with SysV init: ppp, OpenSSH, SNMP, and packages that opkg updates from a signed feed."""

from firmward.model.memory import Content, Node, executable, link
from truth import planted_keys as keys
from truth.debian_base import HOST_KEY
from truth.linux_base import ELF, accounts, also, declaration, nftables, profile
from truth.row import Mistake, Truth, Witness
from truth.sysv_base import declared, poky, script, started
from truth.yocto_base import DATA, FSTAB, NOLOGIN, OUTGOING, UPDATES

SSHD = """\
HostKey /data/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
AuthorizedKeysFile none
TrustedUserCAKeys /etc/ssh/user_ca.pub
AllowGroups operators
AllowTcpForwarding no
AllowAgentForwarding no
AllowStreamLocalForwarding no
PermitTunnel no
X11Forwarding no
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com
KexAlgorithms curve25519-sha256
"""

SSHD_SCRIPT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          sshd
# Required-Start:    $network
# Default-Start:     2 3 4 5
### END INIT INFO
KEY=/data/ssh/ssh_host_ed25519_key
case "$1" in
start)
    [ -f $KEY ] || ssh-keygen -q -t ed25519 -N "" -f $KEY
    ulimit -v 131072
    start-stop-daemon --start --exec /usr/sbin/sshd
    ;;
stop) start-stop-daemon --stop --exec /usr/sbin/sshd ;;
esac
"""

OPKG = """\
option lists_dir /var/lib/opkg/lists
option check_signature 1
option signature_type gpg-asc
option signature_ca_path /etc/opkg/gpg
dest root /
"""

FEEDS = "src/gz base https://updates.maker.example/base\nsrc/gz maker https://updates.maker.example/maker\n"

UPGRADE = "#!/bin/sh\n# Every night, as long as the feed's signature holds\nopkg update && opkg upgrade && reboot\n"

SNMP = """\
agentaddress udp:192.0.2.20:10161
rouser -s usm monitor authpriv
#rwcommunity private
"""

OPENSSL = """\
openssl_conf = default_conf

[default_conf]
ssl_conf = ssl_section

[ssl_section]
system_default = system_default_section

[system_default_section]
MinProtocol = TLSv1.2
CipherString = DEFAULT@SECLEVEL=2
"""

CROND = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          crond
# Default-Start:     2 3 4 5
### END INIT INFO
case "$1" in
start) start-stop-daemon --start --exec /usr/sbin/crond ;;
esac
"""

IP_UP = "#!/bin/sh\n# Runs what lies in ip-up.d once the link is there\nexec run-parts /etc/ppp/ip-up.d\n"

PPP = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          ppp
# Default-Start:     2 3 4 5
### END INIT INFO
case "$1" in
start) pppd call provider ;;
stop) poff -a ;;
esac
"""

LOGIN_DEFS = "MAIL_DIR /var/spool/mail\nENCRYPT_METHOD SHA512\nUMASK 077\n#SU_WHEEL_ONLY no\nSU_WHEEL_ONLY yes\n"

RULES = nftables(("ip saddr 192.0.2.5 tcp dport 22 accept", "ip saddr 192.0.2.5 udp dport 10161 accept"), OUTGOING)

CLEAN: dict[str, Content] = {
    **poky("modem"),
    **accounts(
        services=(("sshd", 956), ("snmp", 958), ("modem", 950)),
        people=(("operator", 1000),),
        groups=("operators:x:1100:operator", "wheel:x:1101:"),
        nologin=NOLOGIN,
    ),
    "etc/fstab": FSTAB.replace("squashfs   ro                        ", "ext4       defaults                  "),
    "etc/nftables.conf": RULES,
    "etc/ssh/sshd_config": SSHD,
    "etc/ssh/user_ca.pub": keys.SSH_CA_PUB + "\n",
    "etc/init.d/sshd": executable(SSHD_SCRIPT),
    **started("sshd", order=9),
    **profile("/usr/sbin/sshd", "capability setuid", "capability setgid", "/etc/ssh/** r", "/bin/busybox Uxr"),
    "usr/sbin/sshd": ELF,
    "usr/bin/ssh-keygen": ELF,
    "etc/opkg/opkg.conf": OPKG,
    "etc/opkg/base-feeds.conf": FEEDS,
    "etc/opkg/gpg/maker.asc": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZfakeBYJKwYBBAHaRw8BAQdA\n"
    "-----END PGP PUBLIC KEY BLOCK-----\n",
    "usr/bin/opkg": ELF,
    "usr/sbin/nightly-upgrade": executable(UPGRADE),
    "etc/cron.d/upgrade": "0 2 * * * root /usr/sbin/nightly-upgrade\n",
    "etc/init.d/crond": executable(CROND),
    **started("crond", order=90),
    "usr/sbin/crond": ELF,
    "etc/snmp/snmpd.conf": Node(SNMP, mode=0o600),
    "etc/init.d/snmpd": script("snmpd", "/usr/sbin/snmpd", "-f -LS3d -C -c /etc/snmp/snmpd.conf", "snmp"),
    **started("snmpd", order=40),
    **profile("/usr/sbin/snmpd", "network inet dgram", "/etc/snmp/* r"),
    "usr/sbin/snmpd": ELF,
    "etc/ppp/ip-up": executable(IP_UP),
    "etc/ppp/peers/provider": "/dev/ttyUSB2\n115200\nnoauth\ndefaultroute\n"
    "connect '/usr/sbin/chat -f /etc/chatscripts/lte'\n",
    "etc/chatscripts/lte": "ABORT BUSY\n'' ATZ\nOK ATD*99#\nCONNECT ''\n",
    "etc/init.d/ppp": executable(PPP),
    **started("ppp", order=30),
    "usr/sbin/pppd": ELF,
    "etc/init.d/modem": script("modem", "/usr/bin/modemd", "--watch", "modem"),
    **started("modem"),
    **profile("/usr/bin/modemd", "network inet stream"),
    "usr/bin/modemd": ELF,
    "etc/ssl/openssl.cnf": OPENSSL,
    "etc/ssl/certs/maker-ca.pem": keys.CA,
    "etc/login.defs": LOGIN_DEFS,
    "bin/su": link("su.shadow"),
    "bin/su.shadow": executable(ELF.content, mode=0o4755),
}


def policy(until: str, reviewed: bool = True) -> str:
    return declaration(
        "modem",
        "yocto",
        listen=((22, "tcp", "sshd", "bastion"), (10161, "udp", "snmpd", "bastion")),
        egress=(UPDATES, DATA),
        services=declared(
            ("sshd", None),
            ("crond", None),
            ("snmpd", "snmp"),
            ("ppp", None),
            ("modem", "modem"),
        ),
        people=("operator",),
        setuid=("/bin/su.shadow",),
        verified="none",
        writable=("/",),
        mechanism="opkg",
        until=until,
        reviewed=reviewed,
        architecture="mipsel",
    )


SYSTEM = Truth(
    name="yocto-modem",
    distribution="yocto",
    init="sysv",
    clean=CLEAN,
    policy=policy("until = 2028-03-31\n"),
    mistaken_policy=policy("until = 2024-04-30\n", reviewed=False),
    low={
        "rootfs-writable": "opkg writes the root",
        "rootfs-unverified": "opkg verifies packages when they come in, not files when they run",
        "update-without-fallback": "opkg has no second slot",
    },
    mistakes=(
        Mistake(
            "update-unauthenticated",
            "opkg.conf of opkg's documentation, check_signature",
            "opkg",
            files={
                "etc/opkg/opkg.conf": OPKG.replace("check_signature 1", "check_signature 0")
                + "option force_downgrade 1\n"
            },
        ),
        also("update-downgrade-possible", "", "opkg(1), --force-downgrade"),
        Mistake(
            "update-over-plaintext",
            "opkg.conf of opkg's documentation, src/gz",
            "base-feeds.conf",
            files={
                "etc/opkg/base-feeds.conf": FEEDS.replace(
                    "https://updates.maker.example/maker", "http://updates.maker.example/maker"
                )
            },
        ),
        Mistake(
            "update-not-automatic",
            "cron(8): no table names the script any more",
            without=("etc/cron.d/upgrade",),
        ),
        Mistake(
            "hook-directory-writable",
            "pppd(8), /etc/ppp/ip-up: what runs there is run as root",
            "ip-up",
            files={"etc/ppp/ip-up.d": link("/data/ppp/ip-up.d")},
        ),
        also("privileged-hooks", "ip-up", "pppd(8), scripts"),
        Mistake(
            "default-community",
            "snmpd.conf(5), rwcommunity",
            "private",
            files={"etc/snmp/snmpd.conf": Node(SNMP.replace("#rwcommunity", "rwcommunity"), mode=0o600)},
        ),
        also("plaintext-protocol", "snmp", "snmpd.conf(5): communities are of SNMP versions 1 and 2c"),
        Mistake(
            "ssh-root-login",
            "sshd_config(5), PermitRootLogin: without-password is the old name of prohibit-password",
            files={
                "etc/ssh/sshd_config": SSHD.replace("PermitRootLogin no", "PermitRootLogin without-password")
                .replace("AuthorizedKeysFile none", "AuthorizedKeysFile .ssh/authorized_keys")
                .replace("AllowGroups operators\n", "")
            },
            witness=Witness(
                ("sshd", "-T", *HOST_KEY, "-f", "{root}/etc/ssh/sshd_config"),
                r"^permitrootlogin (without|prohibit)-password",
                "openssh-server",
            ),
        ),
        Mistake(
            "ssh-authorized-key-baked-in",
            "sshd(8), AUTHORIZED_KEYS FILE FORMAT",
            "root/.ssh/authorized_keys",
            files={"root/.ssh/authorized_keys": Node(keys.SSH_USER_PUB + "\n", mode=0o600)},
        ),
        Mistake(
            "setuid-unexpected",
            "chmod(1), set-user-ID",
            "pppd",
            files={"usr/sbin/pppd": executable(ELF.content, mode=0o4755)},
        ),
        Mistake(
            "su-unrestricted",
            "login.defs(5), SU_WHEEL_ONLY",
            files={"etc/login.defs": LOGIN_DEFS.replace("\nSU_WHEEL_ONLY yes", "\nSU_WHEEL_ONLY no")},
        ),
        Mistake(
            "egress-unrestricted",
            "nft(8): a rule without a destination accepts all",
            files={
                "etc/nftables.conf": nftables(
                    ("ip saddr 192.0.2.5 tcp dport 22 accept", "ip saddr 192.0.2.5 udp dport 10161 accept"),
                    (*OUTGOING, "meta l4proto { tcp, udp } accept"),
                )
            },
        ),
        Mistake(
            "tls-weak",
            "config(5) of OpenSSL, SSL_CONF_cmd(3): MinProtocol and the security level",
            "openssl.cnf",
            files={"etc/ssl/openssl.cnf": OPENSSL.replace("TLSv1.2", "TLSv1").replace("SECLEVEL=2", "SECLEVEL=0")},
        ),
        Mistake(
            "certificate-weak",
            "RFC 5280: a certificate authority whose key lies beside it",
            "device-ca",
            files={"etc/ssl/device-ca/ca.pem": keys.OWN_CA_CERT, "etc/ssl/device-ca/ca.key": keys.OWN_CA_KEY},
        ),
        also("private-key-embedded", "ca.key", "RFC 5958"),
        also("image-sameness", "ca.key", "the same key in every copy"),
        also("support-ended", "", "device.toml, support.until"),
        also("review-missing", "", "device.toml, [[review]]"),
    ),
)
