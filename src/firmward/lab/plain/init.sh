#!/bin/sh
# Written by firmward: start the system of slot a as an unprotected device does. Nothing is verified, / is writable.
busybox=/bin/busybox
[ -x "$busybox" ] || busybox=/.firmward/bin/busybox

# whatever the initramfs links, its busybox has these
run() {
	"$busybox" "$@"
}

say() {
	echo "plain: $1" >/dev/kmsg
}

# in the order in which they need each other, which trying finds out
load() {
	rest=$(run find "$1" -xdev -name '*.ko' ! -name 'dm-*')
	while [ -n "$rest" ]; do
		waiting=$rest rest='' some=no
		for module in $waiting; do
			if run insmod "$module" 2>/dev/null; then some=yes; else rest="$rest $module"; fi
		done
		[ "$some" = yes ] || return
	done
}

partition() {
	for try in 1 2 3 4 5 6 7 8 9 10; do
		for uevent in /sys/class/block/*/uevent; do
			if run grep -q "^PARTNAME=$1\$" "$uevent"; then
				run sed -n 's,^DEVNAME=,/dev/,p' "$uevent"
				return
			fi
		done
		run sleep 1
	done
}

# most devices in the field have a squashfs below and a flash file system above it
open_root() {
	run mkdir -p /lower /upper /newroot /lib/modules
	run mount -t squashfs -o ro "$(partition root_a)" /lower || return 1
	for place in /lower/lib/modules /lower/usr/lib/modules; do
		[ -d "$place" ] && run mount -o bind "$place" /lib/modules && break
	done
	for module in crc32c_generic ext4 overlay; do
		run modprobe "$module" 2>/dev/null
	done
	if run mount -t ext4 "$(partition root_b)" /upper 2>/dev/null; then
		say "what is written to / is kept in root_b"
	else
		run mount -t tmpfs tmpfs /upper
		say "what is written to / is kept in memory"
	fi
	run mkdir -p /upper/upper /upper/work
	options="lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work"
	run mount -t overlay -o "$options" overlay /newroot 2>/dev/null && return 0
	say "the kernel has no overlay: / is copied into memory"
	run mount -t tmpfs tmpfs /newroot && run cp -a /lower/. /newroot/
}

run mkdir -p /proc /sys /dev
run mount -t proc proc /proc
run mount -t sysfs sysfs /sys
run mount -t devtmpfs devtmpfs /dev

case @ROOT@ in
memory)
	root=/
	load /.firmward
	start=/sbin/init
	# how the protected one goes on
	while read -r word rest; do
		[ "$word" = exec ] && start=$rest
	done </init
	;;
*)
	root=/newroot
	load /
	start="switch_root /newroot /sbin/init"
	open_root || say "the root cannot be mounted"
	;;
esac

# beside the system, in its root: proc is there once the system's own first program has begun
beside='
echo >&3
exec 3>&-
PATH=/usr/sbin:/usr/bin:/sbin:/bin
until [ -e /proc/1/comm ]; do sleep 1; done
healthy() {
	@HEALTH@
}
until healthy </dev/null >/dev/null 2>&1; do sleep 2; done
# a login may have left its prompt on the line: what is said next begins a line of its own
echo "plain: the system serves its purpose" >/dev/kmsg
echo "firmward: slot a is healthy" >/dev/kmsg
'
prompt='
echo >&3
exec 3>&-
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=vt102 PS1=@PROMPT@
until [ -e /proc/1/comm ]; do sleep 1; done
cd
while :; do sh -i; sleep 1; done
'

# what begins beside this needs /dev and the initramfs until it is in the system's root, where it says so
begun() {
	for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -s /started ] && break
		run usleep 50000 || run sleep 1
	done
	run rm -f /started
}

run umount /sys
# where nothing is moved away, the system's own proc is told from this one by its being there again
[ "$root" = / ] && run umount /proc
"$busybox" chroot "$root" /bin/sh -c "$beside" </dev/null 3>/started &
begun
if [ @SHELL@ = yes ]; then
	# a shell that & began would pass over Ctrl-C; the second setsid cannot but fork, since the first leads a group
	run setsid "$busybox" setsid -c "$busybox" chroot "$root" /bin/sh -c "$prompt" \
		</dev/@CONSOLE@ >/dev/@CONSOLE@ 2>&1 3>/started
	begun
fi

echo "firmward: going on to the system" >/dev/kmsg
[ "$root" = / ] && exec $start
run mount -o move /dev /newroot/dev
run umount /proc
exec "$busybox" $start
