"""Which program with root's rights runs, sources, loads or obeys what lies where: one row each.

From the programs' manuals and the files that distributions install. A row holds where one of its programs is there; one
without programs always holds. A place is a pattern of paths.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """`key` names the program, `programs` are its names or paths, `places` the patterns, `how` what it does there.

    `user` is the account that the program itself has, if it may own them.
    """

    key: str
    programs: tuple[str, ...]
    places: str
    how: str = "runs"
    user: str = ""


NONE: tuple[str, ...] = ()

ROWS = (
    # addresses and links
    Place("dhcpcd", ("dhcpcd",),
          "etc/dhcpcd.enter-hook etc/dhcpcd.exit-hook lib/dhcpcd/dhcpcd-hooks usr/lib/dhcpcd/dhcpcd-hooks "
          "usr/libexec/dhcpcd-hooks lib/dhcpcd/dhcpcd-run-hooks usr/libexec/dhcpcd-run-hooks"),
    Place("udhcpc", ("udhcpc", "udhcpc6"),
          "usr/share/udhcpc/default.script usr/share/udhcpc/default.script.d usr/share/udhcpc/default6.script "
          "etc/udhcpc etc/udhcpc.d etc/udhcpc.user etc/udhcpc.user.d"),
    Place("dhclient", ("dhclient",),
          "sbin/dhclient-script etc/dhcp/dhclient-enter-hooks.d etc/dhcp/dhclient-exit-hooks.d "
          "etc/dhclient-enter-hooks etc/dhclient-exit-hooks etc/dhcp/dhclient-up-hooks"),
    Place("ifupdown", ("ifup",),
          "etc/network/interfaces etc/network/interfaces.d etc/network/if-pre-up.d etc/network/if-up.d "
          "etc/network/if-down.d etc/network/if-post-down.d etc/network/if-post-up.d etc/network/if-pre-down.d"),
    Place("NetworkManager", ("NetworkManager",),
          "etc/NetworkManager/dispatcher.d usr/lib/NetworkManager/dispatcher.d usr/lib/*/NetworkManager"),
    Place("networkd-dispatcher", ("networkd-dispatcher",), "etc/networkd-dispatcher usr/lib/networkd-dispatcher"),
    Place("netifd", ("netifd",), "lib/netifd etc/firewall.user etc/udhcpc.user"),
    Place("pppd", ("pppd",),
          "etc/ppp/ip-up etc/ppp/ip-down etc/ppp/ip-pre-up etc/ppp/ipv6-up etc/ppp/ipv6-down etc/ppp/auth-up "
          "etc/ppp/auth-down etc/ppp/ip-up.d etc/ppp/ip-down.d etc/ppp/ipv6-up.d etc/ppp/ipv6-down.d etc/ppp/options "
          "etc/ppp/peers usr/lib/pppd etc/ppp/plugins"),
    Place("wpa_supplicant", ("wpa_supplicant", "wpa_cli"),
          "etc/wpa_supplicant/functions.sh etc/wpa_supplicant/ifupdown.sh etc/wpa_supplicant/action_wpa.sh "
          "etc/wpa_supplicant/wpa_cli.sh"),
    Place("resolvconf", ("resolvconf",), "etc/resolvconf usr/lib/resolvconf lib/resolvconf"),
    Place("avahi", ("avahi-autoipd", "avahi-dnsconfd"),
          "etc/avahi/avahi-autoipd.action etc/avahi/avahi-dnsconfd.action"),
    Place("ifplugd", ("ifplugd",), "etc/ifplugd etc/ifplugd/ifplugd.action"),
    Place("openvpn", ("openvpn",), "etc/openvpn"),
    Place("wireguard", ("wg-quick",), "etc/wireguard"),
    Place("strongswan", ("charon", "ipsec", "charon-systemd"),
          "usr/lib/ipsec/_updown usr/libexec/ipsec/_updown etc/ipsec.conf"),
    Place("keepalived", ("keepalived",), "etc/keepalived"),
    Place("dnsmasq", ("dnsmasq",), "etc/dnsmasq.conf etc/dnsmasq.d", "obeys"),
    # devices
    Place("udev", ("systemd-udevd", "udevd", "eudev", "lib/systemd/systemd-udevd", "usr/lib/systemd/systemd-udevd"),
          "etc/udev/rules.d usr/lib/udev lib/udev"),
    Place("mdev", ("mdev",), "etc/mdev.conf etc/mdev lib/mdev"),
    Place("hotplug", ("hotplug", "hotplug-call", "procd", "hotplug2"),
          "sbin/hotplug sbin/hotplug-call etc/hotplug etc/hotplug.d etc/hotplug.json etc/hotplug-preinit.json "
          "etc/hotplug2.rules etc/rc.button etc/button"),
    Place("udisks", ("usr/libexec/udisks2/udisksd", "usr/lib/udisks2/udisksd", "udisksd"),
          "etc/udisks2 usr/lib/udisks2/modules usr/lib/*/udisks2/modules"),
    Place("usb_modeswitch", ("usb_modeswitch",), "etc/usb_modeswitch.conf etc/usb_modeswitch.d"),
    Place("autofs", ("automount",), "etc/auto.master etc/auto.master.d etc/autofs etc/auto.net etc/auto.smb"),
    Place("acpid", ("acpid",), "etc/acpi etc/acpid.conf"),
    Place("triggerhappy", ("thd",), "etc/triggerhappy/triggers.d"),
    Place("mdadm", ("mdadm",), "etc/mdadm etc/mdadm.conf"),
    Place("smartd", ("smartd",), "etc/smartd.conf etc/smartmontools"),
    Place("watchdog", ("watchdog",), "etc/watchdog.conf etc/watchdog.d"),
    # jobs
    Place("cron", ("cron", "crond", "fcron"),
          "etc/crontab etc/cron.d etc/cron.hourly etc/cron.daily etc/cron.weekly etc/cron.monthly "
          "etc/crontabs/root etc/cron/crontabs/root etc/periodic var/spool/cron/crontabs/root var/spool/cron/root"),
    Place("anacron", ("anacron",), "etc/anacrontab etc/cron.daily etc/cron.weekly etc/cron.monthly"),
    Place("logrotate", ("logrotate",), "etc/logrotate.conf etc/logrotate.d"),
    # systemd
    Place("systemd", ("lib/systemd/systemd", "usr/lib/systemd/systemd"),
          "etc/systemd lib/systemd/system usr/lib/systemd/system usr/local/lib/systemd etc/tmpfiles.d "
          "usr/lib/tmpfiles.d etc/environment.d"),
    Place("systemd-generators", ("lib/systemd/systemd", "usr/lib/systemd/systemd"),
          "etc/systemd/system-generators usr/lib/systemd/system-generators lib/systemd/system-generators "
          "usr/local/lib/systemd/system-generators etc/systemd/system-environment-generators "
          "usr/lib/systemd/system-environment-generators"),
    Place("systemd-shutdown", ("lib/systemd/systemd", "usr/lib/systemd/systemd"),
          "usr/lib/systemd/system-shutdown lib/systemd/system-shutdown usr/lib/systemd/system-sleep "
          "lib/systemd/system-sleep etc/systemd/system-shutdown"),
    Place("kernel-install", ("kernel-install",), "etc/kernel usr/lib/kernel"),
    # who may what
    Place("PAM", ("lib/security", "usr/lib/security", "lib/*/security", "usr/lib/*/security", "etc/pam.d"),
          "etc/pam.d etc/pam.conf etc/security lib/security usr/lib/security lib/*/security usr/lib/*/security",
          "loads"),
    Place("update-motd", ("etc/update-motd.d",), "etc/update-motd.d"),
    Place("NSS", ("etc/nsswitch.conf",), "etc/nsswitch.conf", "obeys"),
    Place("sudo", ("sudo",),
          "etc/sudoers etc/sudoers.d etc/sudo.conf usr/lib/sudo usr/libexec/sudo", "loads"),
    Place("doas", ("doas",), "etc/doas.conf etc/doas.d", "obeys"),
    Place("polkit", ("usr/lib/polkit-1/polkitd", "usr/libexec/polkitd", "usr/lib/polkit-1"),
          "etc/polkit-1 usr/share/polkit-1/rules.d usr/share/polkit-1/actions", "obeys", "polkitd"),
    Place("D-Bus", ("dbus-daemon", "dbus-broker"),
          "usr/share/dbus-1/system-services usr/share/dbus-1/system.d etc/dbus-1", "obeys"),
    # programs and the kernel
    Place("ld.so", NONE, "etc/ld.so.preload etc/ld.so.conf etc/ld.so.conf.d etc/ld-musl-*.path", "loads"),
    Place("modprobe", ("modprobe", "kmod"), "etc/modprobe.d etc/modprobe.conf lib/modprobe.d usr/lib/modprobe.d "
          "etc/modules-load.d etc/modules"),
    Place("sysctl", ("sysctl", "usr/lib/systemd/systemd-sysctl"), "etc/sysctl.conf etc/sysctl.d", "obeys"),
    Place("login shell", NONE, "etc/profile etc/profile.d etc/bash.bashrc root/.profile root/.bashrc",
          "sources"),
    Place("init", NONE, "etc/inittab etc/init.d etc/rc.d etc/rc.local etc/rcS.d etc/rc2.d etc/rc3.d etc/rc5.d "
          "etc/runlevels etc/conf.d etc/default etc/rc.common lib/preinit etc/uci-defaults"),
    # packages and updates
    Place("apt", ("apt-get", "apt"), "etc/apt/apt.conf etc/apt/apt.conf.d"),
    Place("dpkg", ("dpkg",), "etc/dpkg/dpkg.cfg etc/dpkg/dpkg.cfg.d"),
    Place("opkg", ("opkg", "opkg-cl"), "etc/opkg.conf etc/opkg usr/lib/opkg/info", "obeys"),
    Place("apk", ("apk",), "etc/apk lib/apk/exec", "obeys"),
    Place("rpm", ("rpm",), "etc/rpm usr/lib/rpm/macros.d", "obeys"),
    Place("RAUC", ("rauc",), "etc/rauc usr/lib/rauc"),
    Place("SWUpdate", ("swupdate",), "etc/swupdate.cfg etc/swupdate usr/lib/swupdate/conf.d", "obeys"),
    Place("Mender", ("mender", "mender-update"), "etc/mender usr/share/mender/modules"),
    Place("sysupgrade", ("sysupgrade",), "lib/upgrade etc/sysupgrade.conf", "sources"),
    # servers
    Place("samba", ("smbd",), "etc/samba/smb.conf", "obeys"),
    Place("inetd", ("inetd",), "etc/inetd.conf etc/inetd.d"),
    Place("xinetd", ("xinetd",), "etc/xinetd.conf etc/xinetd.d"),
    Place("snmpd", ("snmpd",), "etc/snmp", "obeys"),
    Place("sshd", ("sshd",), "etc/ssh/sshd_config etc/ssh/sshd_config.d etc/ssh/sshrc", "obeys"),
    Place("cups", ("cupsd",), "usr/lib/cups/backend usr/libexec/cups/backend"),
    Place("rpcd", ("rpcd",), "usr/libexec/rpcd usr/lib/rpcd usr/share/rpcd"),
    Place("monit", ("monit",), "etc/monit etc/monitrc etc/monit.d"),
    Place("pm-utils", ("pm-suspend",), "etc/pm usr/lib/pm-utils"),
    Place("docker", ("dockerd",), "etc/docker usr/libexec/docker/cli-plugins", "obeys"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """A file whose lines name what runs: `files` are patterns, `pattern` finds the path as its group `path`."""

    key: str
    files: str
    pattern: str
    how: str = "runs"


_PATH = r"[\"']?(?P<path>/[^\s\"';,]+)"

SETTINGS = (
    Setting("pam_exec", "etc/pam.d/* etc/pam.conf", rf"^[^#\n]*\bpam_exec\.so\b[^\n]*?[ \t]{_PATH}"),
    Setting("core_pattern", "etc/sysctl.conf etc/sysctl.d/*.conf usr/lib/sysctl.d/*.conf",
            rf"^[ \t]*-?kernel[./]core_pattern[ \t]*=[ \t]*\|[ \t]*{_PATH}"),
    Setting("kernel helper", "etc/sysctl.conf etc/sysctl.d/*.conf usr/lib/sysctl.d/*.conf",
            rf"^[ \t]*-?kernel[./](?:hotplug|modprobe|poweroff_cmd)[ \t]*=[ \t]*{_PATH}"),
    Setting("dnsmasq", "etc/dnsmasq.conf etc/dnsmasq.d/*", rf"^[ \t]*dhcp-(?:lua)?script[ \t]*=[ \t]*{_PATH}"),
    Setting("openvpn", "etc/openvpn/*.conf etc/openvpn/*/*.conf",
            r"^[ \t]*(?:up|down|route-up|route-pre-down|ipchange|client-connect|client-disconnect|learn-address|"
            rf"auth-user-pass-verify|tls-verify|plugin)[ \t]+{_PATH}"),
    Setting("wireguard", "etc/wireguard/*.conf", rf"^[ \t]*(?:Pre|Post)(?:Up|Down)[ \t]*=[ \t]*{_PATH}"),
    Setting("keepalived", "etc/keepalived/*.conf", rf"^[ \t]*(?:notify\w*|script)[ \t]+{_PATH}"),
    Setting("ld.so", "etc/ld.so.preload", r"(?:^|[\s:])(?P<path>/[^\s:#]+)", "loads"),
    Setting("ld.so", "etc/ld.so.conf etc/ld.so.conf.d/*.conf", r"^[ \t]*(?P<path>/[^\s#=]+)", "loads"),
    Setting("modprobe", "etc/modprobe.d/*.conf lib/modprobe.d/*.conf usr/lib/modprobe.d/*.conf",
            rf"^[ \t]*(?:install|remove)[ \t]+\S+[ \t]+{_PATH}"),
    Setting("RAUC", "etc/rauc/system.conf usr/lib/rauc/system.conf",
            rf"^[ \t]*(?:(?:pre|post)-install|system-info|bootloader-custom-backend)[ \t]*=[ \t]*{_PATH}"),
    Setting("SWUpdate", "etc/swupdate.cfg",
            rf"^[ \t]*(?:(?:post|pre)updatecmd|update-status-cmd)[ \t]*[=:][ \t]*{_PATH}"),
    Setting("sudo", "etc/sudo.conf", rf"^[ \t]*(?:Plugin[ \t]+\S+|Path[ \t]+\S+)[ \t]+{_PATH}", "loads"),
    Setting("apt", "etc/apt/apt.conf etc/apt/apt.conf.d/*",
            rf"^[^#/\n]*::(?:Pre|Post)-(?:Invoke|Invoke-Success|Install-Pkgs)\b[^/\n]*?{_PATH}"),
    Setting("mdadm", "etc/mdadm/mdadm.conf etc/mdadm.conf", rf"^[ \t]*PROGRAM[ \t]+{_PATH}"),
    Setting("smartd", "etc/smartd.conf", rf"^[^#\n]*-M[ \t]+exec[ \t]+{_PATH}"),
    Setting("snmpd", "etc/snmp/snmpd.conf", rf"^[ \t]*(?:exec|extend|extend-sh|pass|pass_persist|sh)\b[^#/\n]*{_PATH}"),
    Setting("watchdog", "etc/watchdog.conf", rf"^[ \t]*(?:test|repair)-(?:binary|directory)[ \t]*=[ \t]*{_PATH}"),
    Setting("acpid", "etc/acpi/events/*", rf"^[ \t]*action[ \t]*=[ \t]*{_PATH}"),
    Setting("triggerhappy", "etc/triggerhappy/triggers.d/*.conf", rf"^[^#\s]+[ \t]+\S+[ \t]+{_PATH}"),
    Setting("ifupdown", "etc/network/interfaces etc/network/interfaces.d/*",
            rf"^[ \t]*(?:pre-up|up|post-up|down|pre-down|post-down)[ \t]+{_PATH}"),
    Setting("pppd", "etc/ppp/options etc/ppp/options.* etc/ppp/peers/*",
            rf"^[ \t]*(?:connect|disconnect|plugin|ip-up-script|ip-down-script|welcome|init)[ \t]+{_PATH}"),
    Setting("monit", "etc/monit/*.conf etc/monit/monitrc etc/monitrc etc/monit/conf.d/* etc/monit.d/*",
            rf"^[^#\n]*?\b(?:exec|program[ \t]*=|with path)[ \t]*{_PATH}"),
    Setting("upsmon", "etc/nut/upsmon.conf etc/ups/upsmon.conf", rf"^[ \t]*SHUTDOWNCMD[ \t]+{_PATH}"),
    Setting("strongswan", "etc/ipsec.conf etc/ipsec.d/*.conf etc/swanctl/swanctl.conf etc/swanctl/conf.d/*.conf",
            rf"^[ \t]*(?:left|right)?updown[ \t]*=[ \t]*{_PATH}"),
    Setting("dhcpcd", "etc/dhcpcd.conf", rf"^[ \t]*script[ \t]+{_PATH}"),
    Setting("dhclient", "etc/dhcp/dhclient.conf etc/dhclient.conf", rf"^[ \t]*script[ \t]+{_PATH}"),
    Setting("incron", "etc/incron.d/* var/spool/incron/root", rf"^[^#\s]\S*[ \t]+[A-Z_,0-9]+[ \t]+{_PATH}"),
    Setting("udev", "etc/udev/rules.d/*.rules lib/udev/rules.d/*.rules usr/lib/udev/rules.d/*.rules",
            rf"^[^#\n]*\b(?:RUN(?:\{{program\}})?\+?=|PROGRAM=?=|IMPORT\{{program\}}=?=)[ \t]*\"{_PATH}"),
    Setting("mdev", "etc/mdev.conf", rf"^[^#\n]*[ \t][@$*]{_PATH}"),
    Setting("D-Bus", "usr/share/dbus-1/system-services/*.service", rf"^[ \t]*Exec[ \t]*=[ \t]*{_PATH}"),
    Setting("logrotate", "etc/logrotate.conf etc/logrotate.d/*", rf"^[ \t]*include[ \t]+{_PATH}", "obeys"),
    Setting("logrotate", "etc/logrotate.conf etc/logrotate.d/*", r"^[ \t]+(?P<path>/\S+/\S*\.sh)\b(?![^\n]*\{)"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """A program's options whose value is what it runs: letters or long names; `letters` are all that take a value."""

    programs: tuple[str, ...]
    options: tuple[str, ...]
    letters: str


OPTIONS = (
    Option(("udhcpc", "udhcpc6"), ("s", "script"), "sicpHVFxrTtAOVhI"),
    Option(("wpa_cli", "hostapd_cli"), ("a",), "apigGP"),
    Option(("dhclient",), ("sf",), "p"),
    Option(("dhcpcd",), ("c", "script"), "cefFIhijlmrtuvyzCDGLKNOQSWXZ"),
    Option(("dnsmasq",), ("6", "dhcp-script"), "6CFGHIKLMNOPQSTUVWXYZacefgijlmpqrstux7018"),
    Option(("openvpn",), ("up", "down", "route-up", "client-connect", "learn-address", "tls-verify", "plugin"), ""),
    Option(("ifplugd",), ("r",), "itudrx"),
    Option(("ntpd",), ("S",), "pSIk"),
    Option(("crond",), ("c",), "cLld"),
    Option(("acpid",), ("c", "confdir"), "caelMpg"),
    Option(("thd",), ("triggers",), ""),
)
