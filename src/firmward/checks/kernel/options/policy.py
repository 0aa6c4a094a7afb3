"""Who may do what: security modules, lockdown, and whose modules the kernel takes."""

from dataclasses import replace

from firmward.checks.kernel.command_line.words import YES, Words, security_module
from firmward.checks.kernel.options.row import Cost, Row, Source, built, lists, off
from firmward.model.finding import Severity

MEDIUM, INFO = Severity.MEDIUM, Severity.INFO
UPSTREAM, KSPP, CHECKER = Source.UPSTREAM, Source.KSPP, Source.CHECKER
FEATURE, DEBUGGING = Cost.FEATURE, Cost.DEBUGGING

UNMODULAR = off("MODULES")
ENFORCED = Words("module.sig_enforce=1", frozenset(("module.sig_enforce",)), rf"module\.sig_enforce(?:={YES})?",
    needs=built("MODULE_SIG"))  # fmt: skip
# integrity keeps root from writing to the kernel, which is what counts; confidentiality from reading it as well
LOCKED = Words("lockdown=confidentiality", frozenset(("lockdown",)), r"lockdown=(?:integrity|confidentiality)",
    needs=built("SECURITY_LOCKDOWN_LSM"))  # fmt: skip
MANDATORY = replace(security_module("selinux", "apparmor", "smack", "tomoyo"), bad="")
"""Without one of these kernel-lsm-missing tells it."""

ROWS = (
    # security modules
    Row("SECURITY", "y", "no security module can work, and a program that is taken over has all its account's rights",
        UPSTREAM),
    Row("SECURITY_YAMA", "y", "a program reads the memory and keys of every other of its account, by ptrace", KSPP,
        cost=DEBUGGING, since=(3, 4)),
    Row("LSM", "has:yama", "Yama is not started, and ptrace between programs of an account stays free", KSPP,
        since=(5, 1), key="lsm-yama", words=security_module("yama")),
    Row("SECURITY_LANDLOCK", "y", "programs cannot give up rights before they parse what strangers send",
        KSPP, since=(5, 13)),
    Row("LSM", "has:landlock", "Landlock is not started, and a program that means to shut itself in runs open", KSPP,
        since=(5, 13), key="lsm-landlock", words=security_module("landlock")),
    Row("SECURITY_SELINUX", "y", "nor is AppArmor, SMACK or TOMOYO built, and root in a service is root everywhere",
        CHECKER, key="security_mandatory",
        instead=tuple(built(f"SECURITY_{name}") for name in ("APPARMOR", "SMACK", "TOMOYO"))),
    Row("LSM", "has:selinux", "none of SELinux, AppArmor, SMACK and TOMOYO is started, and no policy binds root",
        CHECKER, since=(5, 1), key="lsm-mandatory",
        instead=tuple(lists("LSM", name) for name in ("apparmor", "smack", "tomoyo")),
        words=MANDATORY),
    Row("SECURITY_SELINUX_DISABLE", "n", "root may take SELinux out of a running kernel, and the modules' hooks are "
        "writable for it", KSPP, since=(2, 6, 6), until=(6, 4)),
    Row("SECURITY_SELINUX_BOOTPARAM", "n", "selinux=0 on the command line, which often is easily changed, turns "
        "SELinux off", KSPP),
    Row("SECURITY_SELINUX_DEVELOP", "n", "enforcing=0 or one write by root has SELinux log what it should forbid", KSPP,
        cost=DEBUGGING),
    Row("SECURITY_SELINUX_DEBUG", "n", "SELinux carries code that is only of use to its authors", KSPP, INFO,
        cost=DEBUGGING, since=(6, 5)),
    Row("SECURITY_WRITABLE_HOOKS", "n", "the table of the security modules' hooks stays writable, for an exploit to "
        "empty", KSPP, since=(4, 12), until=(6, 4)),
    # lockdown
    Row("SECURITY_LOCKDOWN_LSM", "y", "root can rewrite the running kernel, by /dev/mem, kexec, ports and registers",
        KSPP, MEDIUM, since=(5, 4)),
    Row("LSM", "has:lockdown", "lockdown is not started, and lockdown= on the command line has no effect", KSPP,
        since=(5, 4), key="lsm-lockdown", words=security_module("lockdown")),
    Row("SECURITY_LOCKDOWN_LSM_EARLY", "y", "what the kernel does before security modules start is not locked down",
        KSPP, since=(5, 4)),
    Row("LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", "y", "the kernel's memory is open to root unless the command line "
        "locks it down", KSPP, cost=FEATURE, since=(5, 4),
        instead=(built("LOCK_DOWN_KERNEL_FORCE_INTEGRITY"),), words=LOCKED),
    # the kernel's modules and programs
    Row("MODULE_SIG", "y", "modules bear no signature, and root, or who writes to the disk, loads one of his own", KSPP,
        MEDIUM, since=(3, 7), instead=(UNMODULAR,)),
    Row("MODULE_SIG_FORCE", "y", "a module without a valid signature is loaded with no more than a taint", KSPP, MEDIUM,
        FEATURE, since=(3, 7), instead=(UNMODULAR,), words=ENFORCED),
    Row("MODULE_SIG_ALL", "y", "the build signs no module by itself, and a step of its own that is forgotten leaves "
        "them unsigned", KSPP, since=(3, 7), instead=(UNMODULAR,)),
    Row("MODULE_SIG_SHA512", "y", "signatures of modules rest on a shorter hash than the kernel offers", KSPP,
        since=(3, 7), instead=(built("MODULE_SIG_SHA3_512"), UNMODULAR)),
    Row("STATIC_USERMODEHELPER", "y", "an overwritten path, such as modprobe's, has the kernel run any program as root",
        KSPP, cost=FEATURE, since=(4, 11)),
)  # fmt: skip
