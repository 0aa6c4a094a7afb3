fail() {
	echo "firmward: $1" >/dev/kmsg
	reboot -f
	exit 1
}

# prints the device of a partition, as soon as it is there
partition() {
	read -r end rest <@PROC@/uptime
	end=$((${end%%.*} + 10))
	while :; do
		for uevent in @SYS@/class/block/*/uevent; do
			device='' name=''
			while IFS='=' read -r key value; do
				case "$key" in
				DEVNAME) device=$value ;;
				PARTNAME) name=$value ;;
				esac
			done <"$uevent"
			[ "$name" = "$1" ] && echo "/dev/$device" && return 0
		done
		read -r now rest <@PROC@/uptime
		[ "${now%%.*}" -ge "$end" ] && return 1
		sleep 0.1 || sleep 1
	done
}

mount -t devtmpfs devtmpfs /dev || fail "/dev cannot be mounted"
mount -t proc proc @PROC@ || fail "/proc cannot be mounted"
mount -t sysfs sysfs @SYS@ || fail "/sys cannot be mounted"

# a break on the serial line would command the kernel: restart, write a dump, remount; the system may allow it again
[ ! -e @PROC@/sys/kernel/sysrq ] || echo 0 >@PROC@/sys/kernel/sysrq || fail "SysRq cannot be switched off"

for module in @MODULES@; do
	insmod "@FOLDER@/$module.ko" || fail "the module $module cannot be loaded"
done
for module in @FASTER@; do
	insmod "@FOLDER@/$module.ko" 2>/dev/null
done

slot=
for word in $(cat @PROC@/cmdline); do
	case "$word" in
	firmward.slot=a) slot=a ;;
	firmward.slot=b) slot=b ;;
	esac
done
[ -n "$slot" ] || fail "the command line names no slot"
