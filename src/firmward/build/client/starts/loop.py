"""The program that asks for updates on the device, whoever starts it: soon after the start, then every few hours.

Devices that get their power back together ask at different moments. What fails or is refused is tried again soon, and
then less and less often: a device whose network is late does not wait for hours, and one that is lied to does not rest.
A stick whose file system is called UPDATES is looked at first, since somebody has put it in.
"""

from firmward.model.policy import Filesystem, Policy

PATH = "usr/libexec/firmward-update-loop"
LASTING = "/data"
ELSEWHERE = "/var/lib"
LABEL = "UPDATES"
"""Of a stick with a repository: `metadata/` and `targets/` at its top."""
TEXT = """\
#!/bin/sh
IMAGE=/usr/share/firmward
STATE=@STATE@
STICK=/run/firmward-stick
HOURS=14400
SOON=15

below() {
	/usr/bin/python3 -ISBc "import os; print(int.from_bytes(os.urandom(4), 'big') % $1)"
}

ask() {
	/usr/bin/firmward-update --image "$IMAGE" --state "$STATE" fetch "$@" </dev/null >/dev/null 2>&1
}

look_at_stick() {
	mkdir -p "$STICK"
	mount -t vfat -o ro,nosuid,nodev,noexec LABEL=@LABEL@ "$STICK" 2>/dev/null || return
	ask --from "$STICK"
	umount "$STICK"
}

sleep $((5 + $(below 10)))
again=$SOON
while :; do
	look_at_stick
	ask
	case $? in
	0 | 10)
		again=$SOON
		rest=$((HOURS + $(below "$HOURS")))
		;;
	*)
		rest=$((again + $(below "$again")))
		again=$((again < HOURS ? again * 2 : HOURS))
		;;
	esac
	sleep "$rest"
done
"""


def text(policy: Policy) -> str:
    return TEXT.replace("@STATE@", state(policy)).replace("@LABEL@", LABEL)


def state(policy: Policy) -> str:
    """The device's own folder, on what outlives a start."""
    writable = (policy.filesystem or Filesystem()).writable
    return f"{LASTING if LASTING in writable else ELSEWHERE}/firmward"
