#!/.firmward/bin/sh
# Written by firmward: this initramfs is the whole system. Start the watcher, then the system's own first program.
PATH=/.firmward/bin

@SLOT@
state=$(partition state) || fail "there is no partition state"
umount /.firmward/sys

mount -t devtmpfs devtmpfs /.firmward/dev || fail "/dev cannot be mounted"
first=$(cat /.firmward/proc/1/cmdline)
chroot /.firmward /bin/sh /watch.sh "$slot" "$state" "$first" </dev/null >/dev/null 2>&1 &

echo "firmward: going on to the system" >/dev/kmsg
exec @START@
