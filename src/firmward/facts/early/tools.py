"""Programs of which it is known that they verify nothing, and names behind which something may."""

import re

from firmward.facts.scripts.quiet import QUIET

_TOOLS = """
modprobe insmod udevd systemd-udevd mdev udevadm ip ifconfig udhcpc dhclient ipconfig plymouth plymouthd lvm vgchange
lvchange mdadm dmraid multipath btrfs zpool zfs resume hibernate kmod fstype blkid fsck e2fsck resize2fs loadkeys
kbd_mode setfont nlplug-findfs setupcon console_setup chvt fbsplash psplash psplash-write syslogd klogd cryptsetup
nbd-client iscsistart iscsiadm ntfs-3g mount.nfs mount.nfs4 ubiattach ubidetach apk wget curl dropbear bootchartd
udevinfo rdsosreport setsid keyctl systemd-tmpfiles capsh loginit swapon swapoff usleep mountpoint dumpimage stat
timeout tpm2_getcap switch_root run-init pivot_root nuke minips devmem haveged rngd hwclock date watchdog
i2cset i2cget gpioset
pidof killall5 tinyssh wpa_supplicant ntpd nc rdate tune2fs mke2fs mkfs.ext4 parted sgdisk sfdisk partprobe kpartx
growpart nvme smartctl hdparm mmc sh ash busybox toybox lsblk blockdev sysctl mkswap hostname init linuxrc
"""
KNOWN = QUIET | frozenset(_TOOLS.split())

QUESTIONABLE = re.compile(
    r"verif|verity|attest|authentic|integrit|signature|(?:^|[-_])(?:check|sign|secure|trust)|evmctl|ima[-_]|ostree"
    r"|composefs|cosign|fsverity|fit_check|rauc",
    re.IGNORECASE,
)
