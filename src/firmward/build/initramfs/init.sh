#!/bin/sh
# Written by firmward: verify the root of the slot that the signed command line names, and go on there.
PATH=/bin

@SLOT@
state=$(partition state) || fail "there is no partition state"
root=$(partition "root_$slot") || fail "there is no partition root_$slot"

dmsetup create root --readonly --noudevsync --noudevrules --table "@TABLE@" || fail "root_$slot cannot be opened"
dmsetup mknodes root || fail "root_$slot cannot be opened" # one that was built for udev leaves it to udev
mount -t squashfs -o ro,nodev /dev/mapper/root /newroot || fail "root_$slot is not what was signed"
echo "firmward: root verified" >/dev/kmsg

# the watcher lies in memory of its own, since switch_root deletes all that lies here
mount -t tmpfs -o mode=700,nosuid tmpfs /watch || fail "there is no memory for the watcher"
cp -a /health/. /watch/ || fail "there is no memory for the watcher"
mount -t devtmpfs devtmpfs /watch/dev || fail "/dev cannot be mounted"
mount -t proc proc /watch/proc || fail "/proc cannot be mounted"
first=$(cat /proc/1/cmdline)
chroot /watch /bin/sh /watch.sh "$slot" "$state" "$first" </dev/null >/dev/null 2>&1 &

# what it is started with is moved and deleted below: it has to run before
tries=0
until [ -e /watch/begun ]; do
	tries=$((tries + 1))
	[ "$tries" -gt 100 ] && fail "the watcher does not start"
	sleep 0.05 || sleep 1
done

echo "firmward: going on to the system" >/dev/kmsg
mount -o move /dev /newroot/dev || fail "the root has no folder /dev"
umount /sys
umount /proc
exec switch_root /newroot /sbin/init
