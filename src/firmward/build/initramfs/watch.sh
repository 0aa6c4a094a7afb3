#!/bin/sh
# Written by firmward: tell the boot loader that the slot is good once the device serves its purpose, else start anew.
PATH=/bin
slot=$1 state=$2 first=$3
: >/begun

say() {
	echo "firmward: $1" >/dev/kmsg
}

# the first process is the system's own by now
started() {
	case "$(cat /proc/1/cmdline)" in
	'' | "$first" | switch_root*) return 1 ;;
	esac
}

ask() {
	PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/busybox chroot /proc/1/root /bin/sh -c "$1" </dev/null >/dev/null 2>&1
}

healthy() {
	@HEALTH@
}

# what was asked of the boot loader beside this stays
report() {
	dd if="$state" of=/asked bs=512 skip=16 count=1 || return 1
	echo "good=$slot" >/request
	while read -r line; do
		case "$line" in
		active=a | active=b) echo "$line" >>/request ;;
		esac
	done </asked
	dd if=/dev/zero bs=512 count=1 >>/request || return 1
	dd if=/request of="$state" bs=512 count=1 seek=16 conv=notrunc,fsync || return 1
}

# a command of the system's that never ends must not hold this up
deadline() {
	left=@SECONDS@
	while [ "$left" -gt 0 ]; do
		sleep 1
		left=$((left - 1))
	done
	say "slot $slot is not healthy after @SECONDS@ seconds"
	reboot -f
}

deadline &
clock=$!
until started && healthy && report; do
	sleep 2
done
kill "$clock"
say "slot $slot is healthy"
umount -l /dev /proc
rm -rf /bin /lib /usr /asked /begun /request /watch.sh
