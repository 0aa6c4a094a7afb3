"""The program that asks for updates on the device, whoever starts it: soon after the start, then every few hours.

It installs them and restarts the device where the policy says `automatic = true`, and asks and no more where not.
Devices that get their power back together ask at different moments. What fails or is refused is tried again soon, and
then less and less often: a device whose network is late does not wait for hours, and one that is lied to does not rest.
A stick whose file system is called UPDATES is looked at first, since somebody has put it in. An update that waits for
its window is asked for again before that has gone by.
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
WAITING=@WAITING@

below() {
	/usr/bin/python3 -ISBc "import os; print(int.from_bytes(os.urandom(4), 'big') % $1)"
}

ask() {
	/usr/bin/firmward-update --image "$IMAGE" --state "$STATE" "$@" </dev/null >/dev/null 2>&1
}

look_at_stick() {
	mkdir -p "$STICK"
	mount -t vfat -o ro,nosuid,nodev,noexec LABEL=@LABEL@ "$STICK" 2>/dev/null || return
	ask @VERB@ --from "$STICK"
	answer=$?
	umount "$STICK"
}

# from here on there is room for its files, whoever fills the rest
[ -e "$STATE/.spare-0" ] || ask status
sleep $((5 + $(below 10)))
again=$SOON
while :; do
	answer=
	look_at_stick
	# what was installed from a stick is started next, and not written over
	[ "$answer" = 11 ] || { ask @VERB@; answer=$?; }
	case $answer in
	10)
		again=$SOON
		rest=$((WAITING + $(below "$WAITING")))
		;;
	0 | 11)
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
    is_automatic = policy.update is None or policy.update.automatic
    words = {
        "@STATE@": state(policy),
        "@LABEL@": LABEL,
        "@VERB@": "install --restart" if is_automatic else "check",
        "@WAITING@": "900" if is_automatic else "$HOURS",
    }
    text = TEXT
    for name, word in words.items():
        text = text.replace(name, word)
    return text


def state(policy: Policy) -> str:
    """The device's own folder, on what outlives a start."""
    writable = (policy.filesystem or Filesystem()).writable
    return f"{LASTING if LASTING in writable else ELSEWHERE}/firmward"
