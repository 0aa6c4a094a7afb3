"""Which test of which auditor asks what which of our checks asks, and by what it says so.

Lynis' rows come from the code of its tests (3.1.4, /usr/share/lynis/include), OpenSCAP's from the names of the rules
alone (SCAP Security Guide 0.1.76, Debian 12), systemd-analyze's from its manual. The rows are generous: a test that
only touches the matter is a row too, and whatever it says that names the matter counts, be it a warning, a suggestion
or a line of its log that calls something bad. Left out is what lists everything there is and judges nothing: open
ports, cron jobs, modules of PAM.
"""

from dataclasses import dataclass

LYNIS, ANALYZE, OPENSCAP = "Lynis", "systemd-analyze", "OpenSCAP"
TOOLS = (LYNIS, ANALYZE, OPENSCAP)


@dataclass(frozen=True, slots=True)
class Row:
    """A tool's test, the checks that ask the same, and why. `says` is a regular expression for what counts of the new
    lines, `{where}` being the mistake's place. `asks` is the process that must run for the test to look at all;
    `impossible` says why the test cannot look at anything here."""

    tool: str
    test: str
    checks: tuple[str, ...]
    why: str
    says: str = ""
    asks: str = ""
    impossible: str = ""


NO_KERNEL = "asks the kernel's security modules, and the measuring machine's kernel has none"
NO_DOCKER = "asks a running Docker daemon, which is not started"
NO_RSH = "asks for a package that brings rshd, and Debian 13 has none by the names it knows"

LYNIS_ROWS = (
    Row(
        LYNIS,
        "AUTH-9204",
        ("account-extra-root",),
        "accounts but root with number 0",
        "UID 0|Administrator acc",
    ),
    Row(LYNIS, "AUTH-9208", ("account-extra-root",), "numbers that two accounts share", "same UID"),
    Row(
        LYNIS,
        "AUTH-9228",
        ("account-extra-root", "account-empty-password", "account-login-unneeded"),
        "pwck(8) finds the password files inconsistent",
        "errors",
    ),
    Row(
        LYNIS,
        "AUTH-9229",
        ("account-weak-hash", "account-default-password", "account-empty-password"),
        "how passwords are hashed",
        "poor password hashing methods found",
    ),
    Row(LYNIS, "AUTH-9252", ("sudo-unrestricted",), "owner and mode of sudoers files, not their rules", "unsafe"),
    Row(
        LYNIS, "AUTH-9283", ("account-empty-password",), "accounts without a password", "[Aa]ccounts? without password"
    ),
    Row(
        LYNIS,
        "BOOT-5184",
        ("init-script-writable", "world-writable", "hook-directory-writable"),
        "start scripts that everyone may write",
        "warning, file|[Ff]ound (world )?writable",
    ),
    Row(
        LYNIS,
        "BOOT-5264",
        ("service-unsandboxed", "service-runs-as-root"),
        "exposure of units by systemd-analyze(1); a worse value than medium with the unit's name counts",
        r"{where}\S* has exposure value \S+ with predicate '?(MEDIUM|EXPOSED|UNSAFE)",
    ),
    Row(LYNIS, "CONT-8104", ("container-unsafe",), "warnings of docker info", impossible=NO_DOCKER),
    Row(LYNIS, "CONT-8108", ("container-unsafe", "world-writable"), "Docker's own files", impossible=NO_DOCKER),
    Row(LYNIS, "CRYP-7902", ("certificate-weak",), "expired certificates under /etc/ssl and the like", "expired"),
    Row(LYNIS, "FILE-6310", ("mount-options",), "/tmp, /home and /var on file systems of their own", "{where} "),
    Row(LYNIS, "FILE-6372", ("rootfs-writable",), "options of / in fstab; defaults are called fine", "NON_DEFAULT"),
    Row(
        LYNIS,
        "FILE-6374",
        ("mount-options",),
        "nodev, nosuid, noexec of /tmp, /var and their like",
        "Could not find mount option .* on file system {where}",
    ),
    Row(
        LYNIS,
        "FILE-7524",
        ("world-writable", "hook-directory-writable", "cron-unneeded", "init-script-writable", "private-key-embedded"),
        "modes of some thirty named files and folders (cron, sshd_config, ~root/.ssh)",
        "restricting file permissions",
    ),
    Row(
        LYNIS,
        "FINT-4350",
        ("rootfs-unverified", "rootfs-hash-mismatch", "package-manifest-uncovered"),
        "whether a tool that watches files is installed",
        "Install a file integrity tool",
    ),
    Row(
        LYNIS,
        "FIRE-4508",
        ("firewall-default-accept", "egress-unrestricted"),
        "policies of iptables' chains; shown, with INPUT ACCEPT in yellow",
        "[Cc]hain .*ACCEPT",
    ),
    Row(LYNIS, "FIRE-4512", ("firewall-absent",), "iptables without rules", "no rules active"),
    Row(
        LYNIS,
        "FIRE-4540",
        ("firewall-absent", "egress-unrestricted"),
        "nftables without rules",
        "considered to be empty",
    ),
    Row(
        LYNIS,
        "FIRE-4590",
        ("firewall-absent", "egress-unrestricted"),
        "whether any firewall is active, for incoming and outgoing traffic",
        "no host based firewall|Configure a firewall",
    ),
    Row(LYNIS, "HRDN-7222", ("debug-tool-shipped",), "compilers", "ompiler"),
    Row(
        LYNIS,
        "HTTP-6710",
        ("tls-weak", "plaintext-protocol"),
        "nginx: TLS, its protocols and ciphers",
        "weak protocol|Add HTTPS|Change the HTTPS",
        asks="nginx",
    ),
    Row(LYNIS, "INSE-8116", ("ftp-enabled", "telnet-enabled"), "services of xinetd", "insecure", asks="xinetd"),
    Row(LYNIS, "INSE-8016", ("telnet-enabled",), "telnet by inetd", "telnet", asks="inetd"),
    Row(LYNIS, "INSE-8304", ("remote-shell-enabled",), "packages with rshd", impossible=NO_RSH),
    Row(LYNIS, "INSE-8322", ("telnet-enabled",), "packages with telnetd", "telnet server package"),
    Row(
        LYNIS,
        "KRNL-6000",
        ("sysctl",),
        "some seventy kernel parameters against its profile",
        r"{where}( has a different value|;)",
    ),
    Row(LYNIS, "KRNL-5820", ("sysctl",), "core dumps", "core dumps.*(enabled|default)"),
    Row(LYNIS, "MACF-6208", ("mac-permissive", "mac-profile-missing"), "AppArmor", impossible=NO_KERNEL),
    Row(LYNIS, "MACF-6234", ("mac-permissive",), "SELinux", impossible=NO_KERNEL),
    Row(
        LYNIS,
        "PHP-2320",
        ("script-injection",),
        "functions that php.ini does not switch off",
        "functions",
    ),
    Row(
        LYNIS,
        "PKGS-7388",
        ("update-unauthenticated", "update-over-plaintext"),
        "whether apt has a source of security updates, not how it trusts it",
        "Can't find any security repository",
    ),
    Row(LYNIS, "PKGS-7420", ("update-not-automatic",), "a tool for upgrades is installed", "automatic(ally)? "),
    Row(
        LYNIS,
        "SCHD-7704",
        ("cron-unneeded", "hook-directory-writable"),
        "owner and mode of crontabs",
        "incorrect file permissions|incorrect ownership",
    ),
    Row(LYNIS, "SNMP-3306", ("default-community",), "com2sec with public or private", "guessable", asks="snmpd"),
    Row(LYNIS, "SSH-7408", ("ssh-root-login",), "sshd -T", "PermitRootLogin", asks="sshd"),
    Row(
        LYNIS,
        "SSH-7408",
        ("ssh-forwarding",),
        "sshd -T",
        "(Suggestion|suggestion|details).*(Forwarding|PermitTunnel|GatewayPorts)|(Forwarding|Tunnel) is in a weak",
        asks="sshd",
    ),
)

ANALYZE_ROWS = (
    Row(
        ANALYZE,
        "exposure",
        ("service-unsandboxed", "service-runs-as-root"),
        "each setting of a unit that leaves it open; any new one of the unit counts",
        r"{where}\S* ",
    ),
)


def rule(name: str, *checks: str, says: str = "", impossible: str = "", why: str = "") -> Row:
    return Row(OPENSCAP, name, checks, why or name.replace("_", " "), says, impossible=impossible)


OPENSCAP_ROWS = (
    rule("accounts_no_uid_except_zero", "account-extra-root"),
    rule("no_empty_passwords", "account-empty-password"),
    rule("no_empty_passwords_etc_shadow", "account-empty-password"),
    rule("accounts_password_all_shadowed", "account-weak-hash", "account-empty-password"),
    rule("set_password_hashing_algorithm_logindefs", "account-weak-hash"),
    rule("sshd_disable_root_login", "ssh-root-login"),
    rule("sshd_disable_root_password_login", "ssh-root-login", "ssh-password-login"),
    rule("no_direct_root_logins", "ssh-root-login"),
    rule("sshd_disable_empty_passwords", "ssh-empty-passwords"),
    rule("sshd_disable_tcp_forwarding", "ssh-forwarding"),
    rule("sshd_disable_x11_forwarding", "ssh-forwarding"),
    rule("sshd_limit_user_access", "ssh-password-login", "ssh-root-login"),
    rule("sudo_remove_nopasswd", "sudo-unrestricted"),
    rule("sudo_remove_no_authenticate", "sudo-unrestricted"),
    rule("sudo_require_authentication", "sudo-unrestricted"),
    rule("sudoers_explicit_command_args", "sudo-unrestricted"),
    rule("sudoers_no_root_target", "sudo-unrestricted"),
    rule("package_rsh-server_removed", "remote-shell-enabled", impossible=NO_RSH),
    rule("package_telnetd_removed", "telnet-enabled"),
    rule("package_inetutils-telnetd_removed", "telnet-enabled"),
    rule("ftp_limit_users", "ftp-enabled"),
    rule("ftp_configure_firewall", "ftp-enabled"),
    rule("service_snmpd_disabled", "plaintext-protocol", "service-unneeded", "default-community"),
    rule("snmpd_not_default_password", "default-community"),
    rule("package_net-snmp_removed", "default-community", "plaintext-protocol"),
    rule("set_iptables_default_rule", "firewall-default-accept"),
    rule("set_ip6tables_default_rule", "firewall-default-accept", "egress-unrestricted"),
    rule("service_iptables_enabled", "firewall-absent", "egress-unrestricted"),
    rule("service_ufw_enabled", "firewall-absent", "egress-unrestricted"),
    rule("all_apparmor_profiles_enforced", "mac-permissive", "mac-profile-missing", impossible=NO_KERNEL),
    rule("apparmor_configured", "mac-permissive", "mac-profile-missing", impossible=NO_KERNEL),
    rule("apt_conf_disallow_unauthenticated", "update-unauthenticated"),
    rule("apt_sources_list_official", "update-unauthenticated", "update-over-plaintext"),
    rule("mount_option_tmp_noexec", "mount-options"),
    rule("mount_option_tmp_nosuid", "mount-options"),
    rule("mount_option_var_tmp_noexec", "mount-options"),
    rule("mount_option_var_tmp_nosuid", "mount-options"),
    rule("mount_option_var_noexec", "mount-options"),
    rule("mount_option_var_nosuid", "mount-options"),
    rule("mount_option_home_nosuid", "mount-options"),
    rule("mount_option_nodev_nonroot_local_partitions", "mount-options"),
    rule("file_permissions_unauthorized_world_writable", "world-writable", "hook-directory-writable"),
    rule("dir_perms_world_writable_sticky_bits", "world-writable", "hook-directory-writable"),
    rule("dir_perms_world_writable_root_owned", "world-writable", "hook-directory-writable"),
    rule("file_permissions_sshd_private_key", "private-key-embedded", "ssh-host-key-baked-in"),
    rule("file_permissions_sshd_pub_key", "ssh-host-key-baked-in"),
    rule("aide_build_database", "rootfs-unverified", "rootfs-hash-mismatch", "package-manifest-uncovered"),
    rule("ensure_logrotate_activated", "hook-directory-writable", "privileged-hooks"),
    rule("grub2_mds_argument", "kernel-cmdline", says="{where}"),
    rule("grub2_spectre_v2_argument", "kernel-cmdline"),
    rule("grub2_spec_store_bypass_disable_argument", "kernel-cmdline"),
    rule("grub2_pti_argument", "kernel-cmdline"),
    rule("grub2_l1tf_argument", "kernel-cmdline"),
    rule("sysctl_kernel_kptr_restrict", "sysctl", says="{where}"),
    rule("sysctl_kernel_yama_ptrace_scope", "sysctl", says="{where}"),
    rule("sysctl_kernel_dmesg_restrict", "sysctl", says="{where}"),
    rule("sysctl_kernel_randomize_va_space", "sysctl", says="{where}"),
    rule("sysctl_kernel_unprivileged_bpf_disabled", "sysctl", says="{where}"),
    rule("sysctl_kernel_perf_event_paranoid", "sysctl", says="{where}"),
    rule("sysctl_kernel_sysrq", "sysctl", says="{where}"),
    rule("sysctl_fs_suid_dumpable", "sysctl", says="{where}"),
    rule("sysctl_fs_protected_symlinks", "sysctl", says="{where}"),
    rule("sysctl_net_ipv4_conf_all_rp_filter", "sysctl", says="rp_filter"),
    rule("sysctl_net_ipv4_ip_forward", "sysctl", says="{where}"),
    rule("sysctl_net_ipv4_tcp_syncookies", "sysctl", says="{where}"),
    rule("sysctl_net_ipv4_conf_all_accept_redirects", "sysctl", says="{where}"),
)

ROWS = (*LYNIS_ROWS, *ANALYZE_ROWS, *OPENSCAP_ROWS)


def rows_for(tool: str, check: str) -> tuple[Row, ...]:
    return tuple(row for row in ROWS if row.tool == tool and check in row.checks)
