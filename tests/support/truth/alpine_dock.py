"""A gateway of containers on Alpine: dockerd under OpenRC, Compose in several files, HAProxy before it, RAUC.

Written without sight of the checks.
"""

from firmward.model.memory import Content, Node, executable, link
from firmward.model.tree import Kind
from truth.alpine_base import SSHD_INIT, alpine, bare, confined, policy, run
from truth.buildroot_base import RAUC_CONF
from truth.openwrt_base import listen, service
from truth.row import Mistake, Truth
from truth.second_keys import FACTORY_KEY
from truth.small_base import PROGRAM, also, filters, profile, programs, secret, shell
from truth.small_keys import DEVICE_CA, UPDATE_CA

DIGEST = "sha256:3b0d7c1f92ae4586b7c0d1e2f3a4958677889900aabbccddeeff001122334455"
DIGEST_2 = "sha256:91f2e3d4c5b6a79880716253443526170819fafbfcfdfeff0102030405060708"

DOCKERD = run("""
supervisor=supervise-daemon

name="Docker Daemon"
description="Persistent process that manages docker containers"
description_reload="Reload configuration without exiting"

command="${DOCKERD_BINARY:-/usr/bin/dockerd}"
command_args="${DOCKER_OPTS}"
DOCKER_LOGFILE="${DOCKER_LOGFILE:-/var/log/${RC_SVCNAME}.log}"
supervise_daemon_args="--stderr \\"${DOCKER_LOGFILE}\\" --stdout \\"${DOCKER_LOGFILE}\\""
extra_started_commands="reload"
rc_ulimit="${DOCKER_ULIMIT:--c unlimited -n 1048576 -u unlimited}"
retry="${DOCKER_RETRY:-TERM/60/KILL/10}"

depend() {
	need cgroups
	after net firewall
}
""")

DAEMON = """\
{
  "data-root": "/data/docker",
  "hosts": ["unix:///run/docker.sock"],
  "icc": false,
  "live-restore": true,
  "log-driver": "local",
  "no-new-privileges": true,
  "userland-proxy": false,
  "userns-remap": "default"
}
"""

# One anchor holds what each container must have.
COMPOSE = f"""\
name: gateway
x-confined: &confined
  read_only: true
  cap_drop:
    - ALL
  security_opt:
    - no-new-privileges:true
  pids_limit: 64
  mem_limit: 64m
  memswap_limit: 64m
  cpus: 0.4
  restart: unless-stopped
  networks: [field]

services:
  portal:
    <<: *confined
    image: registry.maker.example/portal@${{PORTAL_DIGEST:?}}
    user: "20001:20001"
    tmpfs:
      - /tmp:size=8m,noexec,nosuid,nodev
    ports:
      - "127.0.0.1:8081:8081"
  history:
    <<: *confined
    image: registry.maker.example/history@{DIGEST_2}
    user: "20002:20002"
    volumes:
      - type: bind
        source: /data/history
        target: /history
  poller:
    extends:
      file: common.yaml
      service: base
    image: registry.maker.example/poller@{DIGEST}
    user: "20003:20003"

networks:
  field:
    driver: bridge
"""

COMMON = """\
services:
  base:
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    pids_limit: 64
    mem_limit: 64m
    memswap_limit: 64m
    cpus: 0.4
    restart: unless-stopped
"""

COMMON_OPEN = COMMON.replace(
    "    restart: unless-stopped\n", "    restart: unless-stopped\n    network_mode: host\n    pid: host\n"
)

OVERRIDE = f"""\
# Read after compose.yaml, without being named
services:
  portal:
    privileged: true
  broker:
    image: registry.maker.example/broker:${{BROKER_TAG:-latest}}
    user: "20004:20004"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    pids_limit: 32
    mem_limit: 32m
    cpus: 0.2
    ports:
      - target: 1883
        published: 1883
        protocol: tcp
    volumes:
      - ./broker/mosquitto.conf:/mosquitto/config/mosquitto.conf:ro
    networks: [field]
  janitor:
    image: registry.maker.example/janitor@{DIGEST}
    user: "20005:20005"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    pids_limit: 32
    mem_limit: 32m
    cpus: 0.2
    volumes:
      - type: bind
        source: /run/docker.sock
        target: /var/run/docker.sock
        read_only: true
    networks: [field]
"""

BROKER = "listener 1883 0.0.0.0\nallow_anonymous true\npersistence false\n"

ENV = f"PORTAL_DIGEST={DIGEST}\nCOMPOSE_PROJECT_NAME=gateway\n"

STACK = run("""
name="stack"
description="The product's containers"

depend() {
	need docker
}

start() {
	ebegin "Starting ${name}"
	docker compose --project-directory /opt/stack --env-file /opt/stack/.env up --detach --no-build
	eend $?
}

stop() {
	docker compose --project-directory /opt/stack down
}
""")

PROBE = run(f"""
name="probe"

depend() {{
	need docker
}}

start() {{
	docker run --rm --detach --name probe \\
		--cap-add SYS_ADMIN --cap-add=NET_RAW \\
		--security-opt apparmor=unconfined \\
		--volume /:/host:rw \\
		registry.maker.example/probe@{DIGEST_2}
}}
""")

HAPROXY = """\
global
	log /dev/log local0
	maxconn 64
	stats socket /run/haproxy/admin.sock mode 600 level operator
	ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
	ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384

defaults
	mode http
	timeout connect 5s
	timeout client 30s
	timeout server 30s

frontend portal
	bind :8443 ssl crt /data/haproxy/device.pem alpn h2,http/1.1
	http-response set-header Strict-Transport-Security max-age=31536000
	http-response set-header Content-Security-Policy "default-src 'self'"
	default_backend portal

backend portal
	server portal 127.0.0.1:8081
"""

HAPROXY_STATS = """\
listen statistics
	bind *:8404
	stats enable
	stats uri /
	stats admin if TRUE
	stats refresh 10s
"""

HAPROXY_CLOUD = """\
frontend legacy
	bind :9443 ssl crt /data/haproxy/device.pem ssl-min-ver TLSv1.0 ciphers ALL:@SECLEVEL=0
	default_backend cloud

backend cloud
	server cloud 198.51.100.10:443 ssl verify none
"""

NFTABLES = """\
#!/usr/sbin/nft -f
flush ruleset
define managers = 10.40.0.0/16
define updates = 198.51.100.10

table inet gate {
	chain input {
		type filter hook input priority 0
		policy drop
		ct state { established, related } accept
		iif lo accept
		ip saddr $managers tcp dport { 22, 8443 } accept
	}

	chain forward {
		type filter hook forward priority 0
		policy drop
		ct state established,related accept
		iifname "br-*" ip daddr $updates tcp dport 443 accept
	}

	chain output {
		type filter hook output priority 0
		policy drop
		ct state { established, related } accept
		oif lo accept
		ip daddr 192.0.2.53 udp dport 53 accept
		ip daddr 192.0.2.53 tcp dport 53 accept
		ip daddr $updates tcp dport 443 accept
		udp sport 68 udp dport 67 accept
	}
}
"""

NFTABLES_OPEN = NFTABLES.replace(
    "		type filter hook forward priority 0\n		policy drop\n",
    "		type filter hook forward priority 0\n		policy accept\n",
).replace(
    "		ip daddr $updates tcp dport 443 accept\n		udp sport",
    "		ct state new accept\n		udp sport",
)

UPDATE_JOB = """\
#!/bin/sh
# The newest bundle, when the server has one
: "${CONF:=/etc/conf.d/update}"
. "$CONF"
rauc install "${server}/${bundle:-gateway.raucb}" && reboot
"""

SSHD = """\
Port 22
HostKey /data/ssh/ssh_host_ecdsa_key
AuthorizedKeysFile /data/ssh/authorized_keys.d/%u
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers fitter
DisableForwarding yes
Ciphers aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com
KexAlgorithms curve25519-sha256
"""

PRUNE = "#!/bin/sh\n# Old layers go at night\nexec docker image prune --force --filter until=240h\n"

CRONTAB = """\
# min	hour	day	month	weekday	command
0	2	*	*	*	run-parts /etc/periodic/daily
30	4	*	*	0	/opt/stack/jobs/prune
"""

CONFIG_JSON = """\
{
  "auths": {
    "registry.maker.example": {
      "auth": "Z2F0ZXdheTpIYXdrLW1vb3JpbmctNTM="
    }
  }
}
"""

CLEAN: dict[str, Content] = {
    **alpine(
        ("sshd", 22),
        ("haproxy", 90),
        ("dockremap", 91),
        login="fitter",
        default=("sshd", "docker", "stack", "haproxy"),
        boot=("nftables", "cgroups"),
    ),
    "etc/crontabs/root": CRONTAB,
    "etc/subuid": "dockremap:231072:65536\n",
    "etc/subgid": "dockremap:231072:65536\n",
    "etc/init.d/cgroups": run("\nstart() {\n\tmount -t cgroup2 none /sys/fs/cgroup -o nosuid,nodev,noexec\n}\n"),
    "etc/init.d/docker": DOCKERD,
    "etc/conf.d/docker": '# any other random options you want to pass to docker\nDOCKER_OPTS=""\n',
    "etc/docker/daemon.json": DAEMON,
    "usr/bin/dockerd": PROGRAM,
    "usr/bin/docker": PROGRAM,
    "etc/init.d/stack": STACK,
    "opt/stack/compose.yaml": COMPOSE,
    "opt/stack/common.yaml": COMMON,
    "opt/stack/.env": ENV,
    "opt/stack/jobs/prune": executable(PRUNE),
    "etc/haproxy/haproxy.cfg": HAPROXY,
    "etc/conf.d/haproxy": 'HAPROXY_CONF="/etc/haproxy/haproxy.cfg -f /etc/haproxy/conf.d"\n',
    "etc/init.d/haproxy": confined("haproxy", "/usr/sbin/haproxy -W -f $HAPROXY_CONF"),
    "etc/haproxy/conf.d/README.cfg": "# Further frontends come here, one file each\n",
    "etc/apparmor.d/usr.sbin.haproxy": profile(
        "/usr/sbin/haproxy", "network inet stream", "/etc/haproxy/** r", "/data/haproxy/* r"
    ),
    "usr/sbin/haproxy": PROGRAM,
    "etc/nftables.nft": NFTABLES,
    "etc/init.d/nftables": run(
        "\ndepend() {\n\tbefore net\n\tprovide firewall\n}\n\n"
        'start() {\n\tnft -f "${rules_file:-/etc/nftables.nft}"\n}\n'
    ),
    "usr/sbin/nft": PROGRAM,
    "etc/ssh/sshd_config": SSHD,
    "etc/init.d/sshd": SSHD_INIT,
    "etc/apparmor.d/usr.sbin.sshd": profile(
        "/usr/sbin/sshd", "network inet stream", "capability setuid", "/data/ssh/** r"
    ),
    "usr/sbin/sshd": PROGRAM,
    "etc/rauc/system.conf": RAUC_CONF,
    "etc/rauc/keyring.pem": UPDATE_CA,
    "etc/periodic/daily/update": executable(UPDATE_JOB),
    "etc/conf.d/update": 'server="https://updates.maker.example/stable"\nbundle=gateway.raucb\n',
    "etc/fw_env.config": "/dev/mmcblk0boot1 0x0 0x4000\n",
    "etc/ssl/certs/maker.pem": DEVICE_CA,
    # The Modbus bridge is installed for one customer and in no runlevel.
    "etc/init.d/mbusd": bare("mbusd", "/usr/bin/mbusd", "-d -L - -p /dev/ttyUSB0 -s 19200 -P ${MBUSD_PORT:-502}"),
    "usr/bin/mbusd": PROGRAM,
    **programs("usr/bin/rauc", "usr/sbin/fw_setenv"),
    **filters("haproxy"),
}

SECTIONS = (
    listen(22, "sshd")
    + listen(8443, "haproxy")
    + listen(8081, "portal", source="local")
    + service("sshd")
    + service("docker", "root")
    + service("stack", "root")
    + service("cgroups")
    + service("haproxy", "haproxy", "/data/haproxy", "32M")
    + service("nftables")
    + service("portal", "20001", "", "64M")
    + service("history", "20002", "/data/history", "64M")
    + service("poller", "20003", "", "64M")
    + '[[account]]\nname = "fitter"\nlogin = true\nreason = "installers, by key"\n'
)

SYSTEM = Truth(
    name="alpine-dock",
    distribution="alpine",
    init="openrc",
    clean=CLEAN,
    policy=policy("dock", SECTIONS),
    mistaken_policy=policy("dock", SECTIONS).replace("until = 2027-10-31", "until = 2026-09-30"),
    low={
        "service-runs-as-root": "dockerd must be root to make namespaces",
        "service-unsandboxed": "dockerd makes the namespaces that a sandbox would forbid",
        "mac-profile-missing": "dockerd runs unconfined and gives each container its profile",
    },
    mistakes=(
        Mistake(
            "container-unsafe",
            "Compose specification, merge: compose.override.yaml is read after compose.yaml; privileged",
            "portal",
            {"opt/stack/compose.override.yaml": OVERRIDE},
        ),
        *also(
            "Compose specification, services: image without digest, its tag latest; volumes",
            ("container-unsafe", "broker"),
            ("container-unsafe", "janitor"),
        ),
        *also("Compose specification, ports: published on all addresses", ("undeclared-listener", "1883")),
        Mistake(
            "container-unsafe",
            "Compose specification, extends: what the base says holds; network_mode, pid",
            "poller",
            {"opt/stack/common.yaml": COMMON_OPEN},
        ),
        Mistake(
            "mqtt-anonymous",
            "mosquitto.conf(5), allow_anonymous",
            "mosquitto.conf",
            {"opt/stack/broker/mosquitto.conf": BROKER},
        ),
        *also("mosquitto.conf(5), listener without certfile", ("plaintext-protocol", "mqtt")),
        Mistake(
            "container-unsafe",
            "docker-run(1), --cap-add, --security-opt, --volume",
            "probe",
            {
                "etc/init.d/probe": PROBE,
                "etc/runlevels/default/probe": link("/etc/init.d/probe"),
            },
        ),
        *also("DEVICE.md: what is not declared is not allowed", ("service-unneeded", "probe")),
        Mistake(
            "undeclared-listener",
            "dockerd(8), --host; conf.d/docker of Alpine, DOCKER_OPTS",
            "2375",
            {
                "etc/conf.d/docker": 'DOCKER_OPTS="--host=tcp://0.0.0.0:2375 --host unix:///run/docker.sock"\n',
                "etc/docker/daemon.json": DAEMON.replace('  "hosts": ["unix:///run/docker.sock"],\n', "").replace(
                    '"log-driver"', '"insecure-registries": ["registry.maker.example:5000"],\n  "log-driver"'
                ),
            },
        ),
        *also(
            "Docker manual, protect the daemon socket: without --tlsverify who reaches it is root",
            ("container-unsafe", "2375"),
            ("plaintext-protocol", "docker"),
            ("mac-profile-missing", "docker"),
        ),
        *also(
            "Docker manual, insecure registries: HTTP, or TLS without verification", ("container-unsafe", "registry")
        ),
        Mistake(
            "credential-hard-coded",
            "docker-login(1): auth is user and password in base64",
            "config.json",
            {"root/.docker/config.json": secret(CONFIG_JSON)},
            witness=shell(
                'sed -n \'s/.*"auth": "\\(.*\\)"/\\1/p\' root/.docker/config.json | base64 -d',
                "^gateway:Hawk",
                "coreutils",
            ),
        ),
        *also("one password for every gateway", ("image-sameness", "config.json")),
        Mistake(
            "credential-hard-coded",
            "Compose specification, .env",
            ".env",
            {"opt/stack/.env": ENV + "HISTORY_DB_PASSWORD='Siskin+Larch66'\nLOG_LEVEL=info\n"},
        ),
        *also("one password for every gateway", ("image-sameness", ".env")),
        Mistake(
            "web-server-misconfigured",
            "HAProxy, stats enable without stats auth, stats admin",
            "20-statistics.cfg",
            {"etc/haproxy/conf.d/20-statistics.cfg": HAPROXY_STATS},
        ),
        *also("HAProxy, bind without ssl", ("undeclared-listener", "8404"), ("plaintext-protocol", "8404")),
        Mistake(
            "tls-weak",
            "HAProxy, bind: ssl-min-ver; server: verify none",
            "30-cloud.cfg",
            {"etc/haproxy/conf.d/30-cloud.cfg": HAPROXY_CLOUD},
        ),
        *also("HAProxy, bind", ("undeclared-listener", "9443")),
        Mistake(
            "plaintext-protocol",
            "mbusd(8): Modbus TCP, port 502",
            "modbus",
            {"etc/runlevels/default/mbusd": link("/etc/init.d/mbusd"), "etc/conf.d/mbusd": "MBUSD_PORT=1502\n"},
        ),
        *also(
            "mbusd(8), -P; conf.d sets the port; openrc-run(8), command_user is not set",
            ("undeclared-listener", "1502"),
            ("service-unneeded", "mbusd"),
            ("service-runs-as-root", "mbusd"),
            ("service-unsandboxed", "mbusd"),
            ("mac-profile-missing", "mbusd"),
        ),
        Mistake(
            "firewall-default-accept",
            "nft(8), policy of the forward hook, on a line of its own",
            "forward",
            {"etc/nftables.nft": NFTABLES_OPEN},
            witness=shell(
                "nft -c -f etc/nftables.nft && grep -A1 'hook forward' etc/nftables.nft", "policy accept", "nftables"
            ),
        ),
        *also("nft(8): ct state new is every connection that begins", ("egress-unrestricted", "output")),
        Mistake(
            "ssh-host-key-baked-in",
            "sshd_config(5), HostKey; ssh-keygen(1)",
            "device_host_key",
            {
                "etc/ssh/sshd_config": SSHD.replace("/data/ssh/ssh_host_ecdsa_key", "/usr/share/stack/device_host_key"),
                "usr/share/stack/device_host_key": secret(FACTORY_KEY),
            },
            witness=shell("ssh-keygen -y -P '' -f usr/share/stack/device_host_key", "^ecdsa-sha2", "openssh-client"),
        ),
        *also(
            "one key for every gateway",
            ("private-key-embedded", "device_host_key"),
            ("image-sameness", "device_host_key"),
        ),
        Mistake(
            "update-over-plaintext",
            "rauc(1), install from an URL; sh(1), a file that is sourced",
            "update",
            {"etc/conf.d/update": "server=http://updates.maker.example:8000/stable\n"},
        ),
        Mistake(
            "update-downgrade-possible",
            "RAUC reference, min-bundle-version",
            "system.conf",
            {"etc/rauc/system.conf": RAUC_CONF.replace("min-bundle-version", "#min-bundle-version")},
        ),
        Mistake(
            "cron-unneeded",
            "crontab(5): root runs a file from a folder in which anybody may put another in its place",
            "jobs",
            {"opt/stack/jobs": Node(mode=0o777, kind=Kind.DIRECTORY)},
        ),
        *also("chmod(1), 0777 without the sticky bit", ("world-writable", "opt/stack/jobs")),
        Mistake(
            "mac-permissive",
            "apparmor.d(5), flags",
            "haproxy",
            {
                "etc/apparmor.d/usr.sbin.haproxy": "include <tunables/global>\n\n"
                "/usr/sbin/haproxy flags=(attach_disconnected,complain) {\n  network inet stream,\n"
                "  /etc/haproxy/** r,\n  /usr/sbin/haproxy mr,\n}\n"
            },
        ),
        Mistake("support-ended", "device.toml, support.until", ""),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
