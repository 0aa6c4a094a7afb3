"""What Docker has to be good for, each asked inside a guest of a dockerd that runs under its sandbox.

The image is BusyBox with its libraries, a setuid program, a device node and a folder of another group, as images have
them, brought in as an archive: the guest has no network but its own.
"""

from pathlib import Path

import needs
from needs import Need

from real import roots

ROOT = roots.Root(
    "docker-guest",
    ("linux-image-cloud-amd64", "docker.io", "iptables", "apparmor", "busybox", "ca-certificates", "procps",
     *roots.SYSTEMD),
)  # fmt: skip
DISK = "2400M"
SHELL = "/bin/busybox sh -c"
IMAGE = (
    "tar -C / -ch bin/busybox lib64/ld-linux-x86-64.so.2 lib/x86_64-linux-gnu/libc.so.6 "
    "lib/x86_64-linux-gnu/libresolv.so.2 bin/su dev/null var/mail | timeout 90 docker import - tiny"
)
SETUP = IMAGE
NEEDS = (
    Need("an image imported", f"{IMAGE} | grep -q sha256"),
    Need("a container started", 'test "$($RUN tiny /bin/busybox echo inside)" = inside'),
    Need(
        "a port below 1024 published",
        "timeout 90 docker run -d --name served -p 80:80 tiny /bin/busybox httpd -f -h /bin && sleep 1 && "
        "timeout 20 busybox wget -q -O /run/got http://127.0.0.1/busybox && cmp /run/got /bin/busybox",
    ),
    Need(
        "a way out of the container",
        "busybox httpd -p 172.17.0.1:8081 -h /etc; "
        "$RUN tiny /bin/busybox wget -q -O - http://172.17.0.1:8081/hostname | grep -q .",
    ),
    Need(
        "a folder of the system shared",
        f"mkdir -p /srv/given; $RUN -v /srv/given:/given tiny {SHELL} 'echo kept > /given/kept' && rm /srv/given/kept",
    ),
    Need("a named volume", f"$RUN -v kept:/kept tiny {SHELL} 'echo a > /kept/a' && docker volume rm kept"),
    Need("a limit of memory", 'test "$($RUN -m 32m tiny /bin/busybox cat /sys/fs/cgroup/memory.max)" = 33554432'),
    Need(
        "a container confined",
        "$RUN --user 1000 --cap-drop ALL --read-only --security-opt no-new-privileges tiny "
        f"{SHELL} '/bin/busybox cat /proc/self/status /proc/self/attr/current; /bin/busybox id -u' > /run/said; "
        'grep -q "Seccomp:.2" /run/said && grep -q "docker-default (enforce)" /run/said && grep -qx 1000 /run/said',
    ),
    Need(
        "a command in a running container",
        "timeout 90 docker run -d --name long tiny /bin/busybox sleep 600 && "
        "timeout 90 docker exec long /bin/busybox echo there | grep -qx there && timeout 90 docker stop -t 1 long",
    ),
    Need(
        "an image built",
        "mkdir -p /opt/built; printf 'FROM tiny\\nRUN [\"/bin/busybox\", \"touch\", \"/made\"]\\n' > "
        "/opt/built/Dockerfile; DOCKER_BUILDKIT=0 timeout 120 docker build --no-cache -q -t built /opt/built && "
        "$RUN built /bin/busybox ls /made",
    ),
    Need("a container with all rights", f"$RUN --privileged tiny {SHELL} "
         "'/bin/busybox mkdir /m; /bin/busybox mount -t tmpfs x /m'"),
    Need("a network of its own", "docker network create own && $RUN --network own tiny /bin/busybox echo"),
    Need(
        "files copied in and out",
        "docker create --name copied tiny /bin/busybox && docker cp copied:/bin/busybox /run/copied && "
        "cmp /run/copied /bin/busybox && docker cp /etc/hostname copied:/etc/x",
    ),
    Need(
        "a container started with the engine",
        "timeout 90 docker run -d --restart always --name again tiny /bin/busybox sleep 600 && "
        "systemctl restart docker && sleep 1 && docker ps | grep -q again",
    ),
)  # fmt: skip
HEAD = """\
RUN="timeout 90 docker run --rm"
trap 'docker ps -aq | xargs -r docker rm -f; docker network rm own' EXIT >/dev/null 2>&1
"""


def laid(root: Path) -> None:
    (root / "etc/hostname").write_text("guest\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost guest\n")
    needs.lay(root, HEAD, NEEDS)
