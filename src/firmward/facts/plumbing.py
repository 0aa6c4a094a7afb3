"""Programs that every system has or that have to be root, with the reasons: what is no finding because it runs.

`BASIC` are no services that a maker decides to offer, `NEED_ROOT` do what root alone can, `SETTING_UP` end when they
have done their work.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """Names, why they are here, and whether a sandbox leaves them able to work."""

    names: str
    why: str
    confinable: bool = False


BASIC = (
    Row("init procd openrc runsvdir runsv s6-svscan s6-supervise supervise-daemon preinit", "start everything else"),
    Row("udevd systemd-udevd mdev mdevd hotplug2 udevadm eudev ueventd", "make device nodes"),
    Row("getty agetty mgetty askfirst login sulogin login.sh", "let in at a console, which is a question of its own"),
    Row("sh ash bash dash", "a shell of a console"),
    Row("syslogd klogd rsyslogd syslog-ng journald systemd-journald logd logger logread busybox-syslogd",
        "keep what happened"),
    Row("dbus-daemon dbus-broker dbus-broker-launch ubusd rpcd", "carry messages between the parts of the system"),
    Row("systemd systemd-logind systemd-networkd systemd-resolved systemd-timesyncd systemd-hostnamed systemd-localed "
        "systemd-timedated systemd-machined systemd-oomd systemd-userdbd systemd-homed systemd-initctl "
        "systemd-coredump systemd-importd systemd-portabled systemd-userwork systemd-nspawn", "belong to systemd"),
    Row("netifd NetworkManager nm-dispatcher nm-priv-helper connmand dhcpcd dhclient udhcpc udhcpc6 odhcp6c dhcp6c "
        "ifplugd networkd-dispatcher wpa_supplicant iwd ifup ifupdown pppd wickedd", "set up the network"),
    Row("fw3 fw4 ufw firewalld nft iptables ip6tables", "load the packet filter"),
    Row("watchdog watchdogd wd_keepalive", "start the device again when it hangs"),
    Row("rngd haveged urngd jitterentropy-rngd seedrng", "give the kernel randomness"),
    Row("auditd apparmor_parser restorecond", "belong to access control and its record"),
    Row("polkitd elogind seatd consolekit console-kit-daemon upowerd accounts-daemon", "decide who may ask root"),
    Row("plymouthd plymouth psplash fbsplash", "show a picture while the device starts"),
    Row("mount umount fsck automount systemd-fsckd blkmapd lvmetad dmeventd lvm mdadm multipathd", "bring up storage"),
    Row("xinetd inetd openbsd-inetd inetutils-inetd rlinetd", "start other services, which are named themselves"),
)  # fmt: skip

NEED_ROOT = (
    Row("sshd dropbear tinysshd shellinaboxd xrdp xrdp-sesman", "become whoever logs in"),
    Row("cron crond fcron anacron atd", "run the jobs of every account"),
    Row("ModemManager bluetoothd hostapd ofonod wpad hcid hciattach btattach brcm_patchram_plus lldpd",
        "drive radios and links", True),
    Row("charon charon-systemd starter pluto racoon xl2tpd pptpd openconnect wg-quick zerotier-one tailscaled",
        "set up tunnels", True),
    Row("zebra bgpd ospfd ripd watchfrr staticd mgmtd bird bird6 babeld olsrd batmand smcrouted igmpproxy "
        "keepalived mcproxy pimd",
        "change the routes of the kernel", True),
    Row("udisksd smartd mdmon iscsid gssproxy rpc.gssd rpc.idmapd rpc.svcgssd nfsdcld", "handle disks for others"),
    Row("dockerd containerd containerd-shim crio podman lxc-monitord lxcfs balenad balena-engine docker balena nerdctl",
        "start containers, which have findings of their own"),
    Row("rauc swupdate swupdate-progress mender mender-update mender-auth mender-connect hawkbit-updater fwupd "
        "packagekitd unattended-upgrade snapd", "change the system itself"),
    Row("acpid thermald power-profiles-daemon irqbalance tuned cpufreqd fancontrol acpi_listen zramd",
        "handle power and the processor"),
    Row("smbd nmbd samba winbindd ksmbd.mountd rpc.nfsd rpc.mountd nfsd", "act on files as whoever asks", True),
    Row("cupsd lightdm gdm sddm Xorg X weston lircd gpm kmscon", "handle a seat or a printer"),
    Row("udhcpd dhcpd kea-dhcp4 odhcpd dhcrelay dhcprelay", "send packets before there is an address", True),
    Row("tee-supplicant optee tpm2-abrmd pcscd qseecomd", "talk to secure hardware"),
    Row("adbd", "is a root shell by design, which has findings of its own"),
    Row("ptp4l phc2sys hwclock fake-hwclock", "set the clock", True),
)  # fmt: skip

_SETTING_UP = """
ip ifconfig ifup ifdown ifplugstatus route brctl bridge vconfig iw iwconfig iwpriv wl wlconf ethtool tc swconfig
ssdk_sh mii-tool ipset iptables ip6tables ebtables arptables iptables-restore ip6tables-restore nft fw3 fw4 sysctl
modprobe insmod kmodloader depmod rmmod mount umount mount.nfs mount_root swapon swapoff fsck mkfs mkdosfs hwclock
date rdate ntpdate sntp loadkeys setfont setupcon alsactl amixer gpio devmem i2cset i2cget mtd flashcp nandwrite
ubiattach ubimkvol ubinfo ubiupdatevol e2fsck resize2fs mke2fs tune2fs parted sfdisk blockdev losetup cryptsetup
veritysetup dmsetup lvm vgchange mdadm nvram fw_setenv fw_printenv setserial stty chronyc openssl ssh-keygen
dropbearkey dropbearconvert certtool keytool wget curl ping arping nc uclient-fetch tftp systemctl loginctl udevadm
systemd-tmpfiles systemd-sysusers systemd-machine-id-setup apparmor_parser aa-enabled load_policy restorecon
setenforce semodule fixfiles sulogin env-update ldconfig plymouth psplash psplash-write fbset fbi led hostname
hostnamectl timedatectl sed awk rauc-mark-good mark-good usermod useradd adduser addgroup groupadd chpasswd passwd
dbus-uuidgen dbus-send ubus config_generate board_detect wifi jshn block update-rc.d update-alternatives
dpkg-reconfigure mosquitto_passwd htpasswd pkill killall sleep logger echo cat rndc conntrack xtables-multi netstat
mdev seedrng rngtest quotaon quotacheck lsmod init telinit halt reboot poweroff shutdown exportfs rpcinfo brcm
dtoverlay dtparam setpci lspci lsusb usb_modeswitch
"""

BASIC_NAMES = frozenset(name for row in BASIC for name in row.names.split())
ROOT_NAMES = BASIC_NAMES | {name for row in NEED_ROOT for name in row.names.split()}
CONFINABLE = frozenset(name for row in NEED_ROOT if row.confinable for name in row.names.split())
ROOT_APPLETS = frozenset(("ntpd", "dnsd", "tftpd"))
"""BusyBox's applets that cannot give root up, where the programs of the same name can."""

REMOTE_SHELLS = frozenset(
    ("telnetd", "utelnetd", "in.telnetd", "rlogind", "in.rlogind", "rshd", "in.rshd", "rexecd", "in.rexecd")
)
"""They read what anybody sends as root, become whoever logs in, and need not run at all."""

SETTING_UP = frozenset(_SETTING_UP.split())


def is_basic(program: str) -> bool:
    """Whether it is part of every system rather than a service that it offers."""
    return program in BASIC_NAMES


def needs_root(program: str) -> bool:
    """Whether what it does cannot be done without root, or is confined by its own maker."""
    return program in ROOT_NAMES


def is_confinable(program: str) -> bool:
    return program in CONFINABLE
