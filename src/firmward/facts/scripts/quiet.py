"""Programs and shell commands that no check asks about: they turn text, move files, or look.

What changes the network, the firewall, kernel parameters or modules is left in (`ip`, `ifconfig`, `ifup`, `iptables`,
`nft`, `sysctl`, `modprobe`) or what is mounted (`mount`): families read from the start-up what these bring about.
"""

from collections.abc import Sequence

_SHELL_COMMANDS = """
: alias bg break cd continue declare dirs disown echo enable exit export false fg getopts hash jobs let local
mapfile popd printf pushd pwd read readonly return set shift shopt test times trap true type typeset ulimit umask
unalias unset wait [ [[ ]] ! eval source .
"""
SHELL_COMMANDS = frozenset(_SHELL_COMMANDS.split())

_TOOLS = """
arch awk base64 basename blkid cat chattr chgrp chmod chown clear cmp cp cut date dd depmod df dircolors dirname
dmesg du e2fsck egrep expr fbset fdisk fgrep file find findfs findmnt fold free fsck fsck.ext4 fuser gawk getent
getopt grep groups gunzip gzip halt head hexdump hostid hostname hwclock id ifdown install join
kbd_mode kill killall killall5 killproc last ldconfig less ln loadkeys loadfont logger logname logsave losetup ls
lsblk lsmod lspci lsusb md5sum mesg mkdir mkfifo mkfs mkfs.ext4 mknod mkswap mktemp modinfo more mountpoint mv
nawk nproc nslookup od openvt passwd pidof pidofproc pgrep ping ping6 pivot_root pkill plymouth poweroff printenv ps
pwdx readahead readlink realpath reboot reset resize2fs restorecon rev rm rmdir rmmod route savelog sed seq setfont
setterm sha1sum sha256sum shuf sleep sort split stat status_of_proc strings stty swapoff swapon sync tail tar tee
telinit tempfile touch tput tr tty tune2fs udevadm umount uname uniq unlink unzip uptime usleep vconfig wall wc
which who whoami xargs xz yes zcat resolvconf systemctl runlevel rc-update rc-status update-rc.d chkconfig insserv
start-stop-daemon initctl dumpe2fs fsfreeze mountall mtdinfo ubiattach ubimkvol flash_erase nandwrite fw_printenv
fw_setenv nvram uci ubus jsonfilter board_name logd_message systemd-tmpfiles systemd-detect-virt lsb_release dpkg
dpkg-query rpm openrc openrc-run runscript rc init opkg ischroot invoke-rc.d service
"""
TOOLS = frozenset(_TOOLS.split())

_REPORTS = """
domount read_fstab read_fstab_entry mount_run mount_shm mount_lock mount_tmp post_mountall swaponagain swaponfiles
log_daemon_msg log_end_msg log_progress_msg log_action_msg log_action_begin_msg log_action_cont_msg
log_action_end_msg log_begin_msg log_success_msg log_failure_msg log_warning_msg success failure passed warning
ebegin eend einfo einfon ewarn ewarnn eerror eerrorn eoutdent eindent veinfo vebegin veend ewend esyslog checkpath
mark_service_started service_set_value service_get_value yesno get_options save_options need use before after
provide keyword want depend boot_mesg evaluate_retval echo_ok echo_failure echo_done msg action rc_status rc_reset
rc_exit rc_failed init_is_upstart init_start logread default_prestart fstabinfo mountinfo is_older_than procd_lock
procd_open_trigger procd_close_trigger procd_add_reload_trigger procd_add_config_trigger procd_add_interface_trigger
procd_add_reload_interface_trigger procd_open_validate procd_close_validate procd_add_validation procd_add_jail
procd_add_jail_mount procd_add_jail_mount_rw procd_set_config_changed procd_open_data procd_close_data
procd_open_service procd_close_service procd_add_raw_trigger procd_kill procd_send_signal procd_running
procd_add_mdns uci_apply_defaults json_init json_add_string json_add_int json_add_boolean json_add_object
json_close_object json_add_array json_close_array json_dump json_load json_select json_get_var json_get_vars
json_get_values json_cleanup append list_contains include extra_command service_stop service_reload service_check
network_get_device network_get_ipaddr network_get_physdev network_is_up network_flush_cache uci_set uci_commit
uci_add uci_revert uci_remove uci_add_list uci_remove_list uci_load uci_get uci_get_state uci_set_state
uci_set_default uci_revert_state uci_toggle_state uci_rename selinux_enabled
"""
REPORTS = frozenset(_REPORTS.split())

QUIET = SHELL_COMMANDS | TOOLS | REPORTS

QUESTIONS = frozenset(("-?", "-h", "-V", "-v", "--help", "--version", "help", "version"))
"""Alone behind a program they only ask what it is."""

TESTS = {
    "apache2": ("-t",),
    "apachectl": ("-t", "configtest"),
    "dnsmasq": ("--test",),
    "haproxy": ("-c",),
    "ip6tables-restore": ("--test", "-t"),
    "iptables-restore": ("--test", "-t"),
    "lighttpd": ("-t", "-tt"),
    "nginx": ("-t", "-T"),
    "nft": ("-c", "--check"),
    "smbd": ("-b",),
    "sshd": ("-t", "-T"),
}
"""Options with which a program looks at its configuration and ends."""


def only_asks(name: str, arguments: Sequence[str], stays: bool = False) -> bool:
    """Whether a program called like this does not do its work. One that is meant to stay is no question: its `-v` has
    it tell more."""
    asked = len(arguments) == 1 and arguments[0] in QUESTIONS and not (stays and arguments[0] == "-v")
    return asked or any(option in arguments for option in TESTS.get(name, ()))
