"""A camera on Poky with systemd: lighttpd with CGI scripts in shell, SWUpdate, Wi-Fi, AppArmor."""

from dataclasses import replace

from firmward.model.memory import Content, Node, executable, link
from truth import ima_signed
from truth import planted_keys as keys
from truth.ima_signed import hashed
from truth.linux_base import (
    ELF,
    UNITS,
    accounts,
    also,
    declaration,
    dropin,
    enabled,
    nftables,
    passwd_with,
    profile,
    sandboxed,
    service,
    shadow_with,
)
from truth.row import Mistake, Truth, Witness
from truth.swupdate_base import SWUPDATE, SWUPDATE_START, SWUPDATE_UNIT
from truth.yocto_base import DATA, NOLOGIN, OUTGOING, UPDATES, declared, poky

LIGHTTPD = """\
server.modules = ( "mod_access", "mod_cgi", "mod_setenv", "mod_openssl" )
server.document-root = "/usr/share/camera/www"
server.port = 443
server.pid-file = "/run/lighttpd/lighttpd.pid"
server.errorlog-use-syslog = "enable"
index-file.names = ( "index.html" )
url.access-deny = ( "~", ".inc" )
dir-listing.activate = "disable"
cgi.assign = ( ".cgi" => "/bin/sh" )
ssl.engine = "enable"
ssl.pemfile = "/data/tls/device.pem"
ssl.privkey = "/data/tls/device.key"
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2")
setenv.add-response-header = ( "Content-Security-Policy" => "default-src 'self'" )
"""

LIGHTTPD_PLAIN = """\
server.modules = ( "mod_access", "mod_cgi", "mod_setenv" )
server.document-root = "/usr/share/camera/www"
server.port = 80
server.pid-file = "/run/lighttpd/lighttpd.pid"
server.errorlog-use-syslog = "enable"
index-file.names = ( "index.html" )
url.access-deny = ( "~", ".inc" )
dir-listing.activate = "disable"
cgi.assign = ( ".cgi" => "/bin/sh" )
setenv.add-response-header = ( "Content-Security-Policy" => "default-src 'self'" )
"""

SNAPSHOT = """\
#!/bin/sh
# One picture, in one of two sizes
case "$QUERY_STRING" in
size=small) size=640x480 ;;
size=large) size=1920x1080 ;;
*)
    printf 'Status: 400 Bad Request\\r\\n\\r\\n'
    exit 0
    ;;
esac
printf 'Content-Type: image/jpeg\\r\\n\\r\\n'
exec /usr/bin/grab --size "$size"
"""

SNAPSHOT_INJECTED = """\
#!/bin/sh
# One picture; the query is taken apart into variables
eval $(echo "$QUERY_STRING" | tr '&' ';')
printf 'Content-Type: image/jpeg\\r\\n\\r\\n'
exec /usr/bin/grab --size $size
"""

WIFI = """\
ctrl_interface=/run/wpa_supplicant
ext_password_backend=file:/data/identity/wifi

network={
    ssid="cameras"
    key_mgmt=WPA-PSK
    psk=ext:wifi
}
"""

STRINGS = b"\x7fELF\x01\x01\x01" + bytes(57) + b"GET /stream HTTP/1.1\0https://data.maker.example/upload\0--size\0"

PLAIN: dict[str, Content] = {
    **poky("camera"),
    **accounts(services=(("www", 953), ("camera", 950), ("wpa", 955)), people=(("installer", 1000),), nologin=NOLOGIN),
    "etc/nftables.conf": nftables(("ip saddr 192.0.2.0/24 tcp dport 443 accept",), OUTGOING),
    "etc/lighttpd/lighttpd.conf": LIGHTTPD,
    f"{UNITS}/lighttpd.service": "[Unit]\nDescription=Lightning Fast Webserver With Light System Requirements\n"
    "After=network.target\n\n[Service]\nExecStartPre=/usr/sbin/lighttpd -t -f /etc/lighttpd/lighttpd.conf\n"
    "ExecStart=/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf\nExecReload=/bin/kill -USR1 $MAINPID\n\n"
    "[Install]\nWantedBy=multi-user.target\n",
    **dropin(
        "lighttpd.service",
        "hardening",
        sandboxed("www", "RuntimeDirectory=lighttpd", capabilities="CAP_NET_BIND_SERVICE"),
    ),
    **enabled("lighttpd.service"),
    **profile("/usr/sbin/lighttpd", "network inet stream", "/etc/lighttpd/* r", "/usr/share/** r", "/usr/bin/grab ix"),
    "usr/sbin/lighttpd": ELF,
    "usr/share/camera/www/index.html": "<!doctype html>\n<title>Camera</title>\n<img src=snapshot.cgi?size=small>\n",
    "usr/share/camera/www/snapshot.cgi": executable(SNAPSHOT),
    "usr/bin/grab": ELF,
    f"{UNITS}/camera.service": service("Camera", "/usr/bin/camera", sandboxed("camera", "DeviceAllow=/dev/video0 rw")),
    **enabled("camera.service"),
    **profile("/usr/bin/camera", "network inet stream", "/dev/video0 rw"),
    "usr/bin/camera": executable(STRINGS),
    "usr/lib/libcamera-maker.so.2": ELF,
    "etc/ima/ima-policy": "appraise func=BPRM_CHECK\nappraise func=MMAP_CHECK mask=MAY_EXEC\n",
    "etc/wpa_supplicant/wpa_supplicant-wlan0.conf": Node(WIFI, mode=0o600),
    f"{UNITS}/wpa_supplicant@.service": service(
        "WPA supplicant daemon (interface-specific version)",
        "/usr/sbin/wpa_supplicant -c/etc/wpa_supplicant/wpa_supplicant-%I.conf -i%I",
        sandboxed("wpa", "RestrictAddressFamilies=AF_NETLINK AF_PACKET", capabilities="CAP_NET_ADMIN CAP_NET_RAW"),
    ),
    "etc/systemd/system/multi-user.target.wants/wpa_supplicant@wlan0.service": link(
        f"/{UNITS}/wpa_supplicant@.service"
    ),
    **profile("/usr/sbin/wpa_supplicant", "capability net_admin", "/etc/wpa_supplicant/* r"),
    "usr/sbin/wpa_supplicant": ELF,
    "etc/ssl/certs/maker-ca.pem": keys.CA,
    "etc/swupdate.cfg": SWUPDATE,
    "etc/swupdate/public.pem": keys.UPDATE_RSA_PUBLIC,
    "etc/hwrevision": "camera 2.0\n",
    "usr/lib/swupdate/swupdate.sh": executable(SWUPDATE_START),
    f"{UNITS}/swupdate.service": SWUPDATE_UNIT,
    **enabled("swupdate.service"),
    "usr/bin/swupdate": ELF,
    f"{UNITS}/verity-models.service": "[Unit]\nDescription=Detection models\nDefaultDependencies=no\n"
    "Before=local-fs.target\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
    "ExecStart=/usr/sbin/veritysetup open /dev/mmcblk0p5 models /dev/mmcblk0p6 --root-hash-file=/etc/verity/models "
    "--restart-on-corruption\nProtectSystem=strict\nNoNewPrivileges=yes\n\n[Install]\nWantedBy=local-fs.target\n",
    **enabled("verity-models.service", "local-fs.target"),
    "etc/verity/models": "5c" * 32,
    "usr/sbin/veritysetup": ELF,
}

CLEAN = hashed(PLAIN)

MODELS = str(PLAIN[f"{UNITS}/verity-models.service"])


def policy(after: str) -> str:
    return declaration(
        "camera",
        "yocto",
        listen=((443, "tcp", "lighttpd", "lan"),),
        egress=(UPDATES, DATA),
        services=declared(
            ("lighttpd", "www"),
            ("camera", "camera"),
            ("wpa_supplicant@wlan0", "wpa"),
            ("swupdate", None),
            ("verity-models", None),
        ),
        people=("installer",),
        mechanism="swupdate",
        after=after,
    )


MISTAKES = (
    Mistake(
        "script-injection",
        "POSIX shell, eval; RFC 3875, QUERY_STRING",
        "snapshot.cgi",
        files={"usr/share/camera/www/snapshot.cgi": executable(SNAPSHOT_INJECTED)},
    ),
    Mistake(
        "web-server-misconfigured",
        "lighttpd documentation, server.username: CGI programs run as the server does",
        files=dropin("lighttpd.service", "zz-cgi", "User=root\nGroup=root\n"),
        witness=Witness(
            ("systemd-analyze", "--root={root}", "--offline=true", "--no-pager", "security", "lighttpd.service"),
            r"✗ .*User=/DynamicUser=",
            "systemd",
        ),
    ),
    also("service-runs-as-root", "lighttpd", "systemd.exec(5), User="),
    Mistake(
        "plaintext-protocol",
        "lighttpd documentation, server.port without ssl.engine",
        "http",
        files={"etc/lighttpd/lighttpd.conf": LIGHTTPD_PLAIN},
        witness=Witness(
            ("lighttpd", "-p", "-f", "{root}/etc/lighttpd/lighttpd.conf"), r"server\.port\s*=\s*80\b", "lighttpd"
        ),
    ),
    also("undeclared-listener", "80", "lighttpd documentation, server.port"),
    Mistake(
        "account-empty-password",
        "passwd(5): an empty second field asks for no password, whatever shadow says",
        "root",
        files=passwd_with(PLAIN, "root", "root::0:0:root:/root:/bin/sh"),
    ),
    Mistake(
        "account-default-password",
        "shadow(5); changeme",
        "installer",
        files=shadow_with(PLAIN, "installer", keys.SHA256_CHANGEME),
    ),
    also("image-sameness", "shadow", "the same password in every copy"),
    Mistake(
        "update-without-fallback",
        "SWUpdate documentation, -e: the copy that is written must not be the one that runs",
        files={
            "usr/lib/swupdate/swupdate.sh": executable(
                "#!/bin/sh\nexec /usr/bin/swupdate -f /etc/swupdate.cfg -e stable,main -u ''\n"
            )
        },
    ),
    Mistake(
        "update-downgrade-possible",
        "SWUpdate documentation, no-downgrading",
        files={
            "etc/swupdate.cfg": "".join(
                line for line in SWUPDATE.splitlines(keepends=True) if "no-downgrading" not in line
            )
        },
    ),
    Mistake(
        "rootfs-hash-mismatch",
        "evmctl(1), ima_hash: the attribute holds the SHA-256 of what the file should be",
        "libcamera-maker.so.2",
        files={
            "usr/lib/libcamera-maker.so.2": Node(
                ima_signed.data(ELF) + b"patched", mode=0o755, xattrs=ima_signed.digest_of(ima_signed.data(ELF))
            )
        },
    ),
    Mistake(
        "verity-ignores-corruption",
        "veritysetup(8), --ignore-corruption",
        "models",
        files={f"{UNITS}/verity-models.service": MODELS.replace("--restart-on-corruption", "--ignore-corruption")},
    ),
    Mistake(
        "firewall-absent",
        "nft(8): a rule set that is flushed and left empty",
        files={"etc/nftables.conf": "#!/usr/sbin/nft -f\nflush ruleset\n\n# Rules are loaded by the application\n"},
    ),
    also("egress-unrestricted", "output", "follows from the empty rule set"),
    Mistake(
        "mac-profile-missing",
        "apparmor.d(5): no profile names the program",
        "lighttpd",
        without=("etc/apparmor.d/usr.sbin.lighttpd",),
    ),
    Mistake(
        "credential-hard-coded",
        "CWE-798; strings(1)",
        "usr/bin/camera",
        files={"usr/bin/camera": executable(STRINGS + b"https://uploader:Xk93-mmQz-7Lw2@data.maker.example/upload\0")},
    ),
    Mistake(
        "certificate-weak",
        "RFC 5280, Validity; it ends before the support period does",
        "maker-ca.pem",
        files={"etc/ssl/certs/maker-ca.pem": keys.CERT_SHORT},
        witness=Witness(
            ("openssl", "x509", "-noout", "-enddate", "-in", "{root}/etc/ssl/certs/maker-ca.pem"),
            r"notAfter=.* 2027 GMT",
            "openssl",
        ),
    ),
    also("image-sameness", "usr/bin/camera", "follows from the credential: alike in every copy"),
    also("expiry-undefined", "", "device.toml, support.after"),
)


def relabelled(mistake: Mistake) -> Mistake:
    """Whoever builds the image labels its files last; only what was changed later does not match."""
    changed_later = mistake.check == "rootfs-hash-mismatch"
    return mistake if changed_later else replace(mistake, files=hashed(mistake.files))


SYSTEM = Truth(
    name="yocto-camera",
    distribution="yocto",
    init="systemd",
    clean=CLEAN,
    policy=policy('after = "reduced-network"\n'),
    mistaken_policy=policy(""),
    mistakes=tuple(relabelled(mistake) for mistake in MISTAKES),
)
