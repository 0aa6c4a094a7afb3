"""Keys and passphrases of encrypted storage that lie in the open: in this tree, or in a command that runs at boot.

Rules: the third field of etc/crypttab, or etc/cryptsetup-keys.d/NAME.key where it is none; `--key-file` and what is fed
to cryptsetup; a key in dmsetup's table (`:size:type:name` means the kernel's key ring); `openssl enc` with -k, -K or
-pass pass: or file:; raw keys for fscrypt; eCryptfs' passphrase_passwd in mount options. A key that a TPM, FIDO2 or
PKCS#11 token unseals is sealed, a random one of the moment is none, and a file on an encrypted root is not in the open.
The secret itself is never kept.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from firmward.facts.encryption import MAPPED, Encryption, Mapping, options_of
from firmward.facts.mounts import Mounts
from firmward.facts.process import Process, Start, applet
from firmward.facts.startup import Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

SEALED = ("tpm2-device", "fido2-device", "pkcs11-uri", "tpm2-", "fido2-")
READS_PLAIN = ("/bin/cat", "cat", "/usr/bin/cat", "/lib/cryptsetup/scripts/passdev")
HEX_KEY = re.compile(r"\bcrypt\s+\S+\s+[0-9a-fA-F]{32,}\s")
FILE_OPTIONS = ("-d", "--key-file", "--master-key-file", "--volume-key-file", "--key")
IN_OPTIONS = re.compile(r"(?:^|[,:])(passphrase_passwd|passphrase_passwd_file|passwd_file|passphrase)=([^,:]*)")
PARTITION = re.compile(r"/dev/(?:mmcblk\d+p|sd[a-z]\d|nvme\d+n\d+p|disk/by-part|mtdblock|ubi)|PART(?:UUID|LABEL)=")
"""A device that is mounted as it is."""

FEEDS = frozenset(("cryptsetup", "fscryptctl", "e4crypt", "fscrypt", "gocryptfs", "encfs", "ecryptfs-add-passphrase"))


@dataclass(frozen=True, slots=True)
class DiskKey:
    """`opens` names what the key is for, `how` in words where it lies, `path` its file when it is one, `at` its use."""

    opens: str
    how: str
    at: Location
    path: str | None = None


@dataclass(frozen=True, slots=True)
class DiskKeys:
    """`keys` are those in the open. `used` says whether anything here is encrypted at all; `unread` in words what could
    not be worked out; `root_encrypted` whether the root file system is on an encrypted device, None where its device
    may be one that is mapped elsewhere."""

    keys: tuple[DiskKey, ...]
    used: bool
    root_encrypted: bool | None = None
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree,
    encryption: Encryption | Unknown | None,
    mounts: Mounts | Unknown | None,
    startup: Startup | Unknown | None,
) -> DiskKeys | None:
    lost = [mounts.reason] if isinstance(mounts, Unknown) and (tree.exists("etc/fstab") or encryption is None) else []
    if isinstance(encryption, Unknown) or (encryption is None and lost):
        raise Unavailable(encryption.reason if isinstance(encryption, Unknown) else lost[0])
    encryption = encryption or Encryption(())
    processes = [
        process
        for process in (startup.processes if isinstance(startup, Startup) else ())
        if process.start is not Start.DISABLED
    ]
    known = mounts.mounts if isinstance(mounts, Mounts) else ()
    root = next((mount for mount in known if mount.target == "/"), None)
    keys = [
        key for mapping in encryption.mappings if mapping.at.path == "etc/crypttab" for key in _listed(tree, mapping)
    ]
    keys += [key for process in processes for key in _commanded(tree, process)]
    keys += [key for mount in known if mount.at for key in _mounted(mount.target, mount.options, mount.at)]
    return DiskKeys(
        tuple(dict.fromkeys(keys)),
        used=bool(encryption.mappings or encryption.folders or keys),
        root_encrypted=_is_encrypted(root.source, encryption) if root is not None else None,
        unread=(*encryption.unread, *lost),
    )


def _is_encrypted(source: str, encryption: Encryption) -> bool | None:
    if source.removeprefix(MAPPED) in encryption.names:
        return True
    return False if PARTITION.match(source) else None


def _listed(tree: Tree, mapping: Mapping) -> Iterator[DiskKey]:
    """A line of crypttab."""
    if any(option.startswith(SEALED) for option in mapping.options):
        return
    script = next((option.partition("=")[2] for option in mapping.options if option.startswith("keyscript=")), None)
    if script is not None and script not in READS_PLAIN:
        return
    path = mapping.key if mapping.key is not None else f"etc/cryptsetup-keys.d/{mapping.name}.key"
    yield from _in_file(tree, path, mapping.name, mapping.at)


def _in_file(tree: Tree, path: str, opens: str, at: Location) -> Iterator[DiskKey]:
    path = path.partition(":")[0]
    if not path.startswith(("/dev/", "/proc/", "/sys/")) and tree.is_file(path):
        entry = tree.resolve(path)
        place = entry.path if entry is not None else path.strip("/")
        yield DiskKey(opens, f"the key lies in /{place}", at, place)


def _commanded(tree: Tree, process: Process) -> Iterator[DiskKey]:
    argv = applet(process.argv)
    at = process.at
    if process.program in FEEDS:
        operands, values = options_of(argv)
        opens = operands[-1] if operands else process.program
        for name in FILE_OPTIONS:
            if name in values and values[name] != "-":
                yield from _in_file(tree, values[name], opens, at)
        if process.told is not None:
            yield DiskKey(opens, f"the passphrase for {process.program} stands in the script", at)
        if process.input is not None:
            yield from _in_file(tree, process.input, opens, at)
    elif process.program == "systemd-cryptsetup" and len(argv) > 4:
        if not any(option.startswith(SEALED) for word in argv[5:] for option in word.split(",")):
            yield from _in_file(tree, argv[4], argv[2], at)
    elif process.program == "dmsetup" and HEX_KEY.search(" ".join((*argv, process.told or ""))):
        yield DiskKey(argv[2] if len(argv) > 2 else "dmsetup", "the volume key stands in dmsetup's table", at)
    elif process.program == "openssl":
        yield from _openssl(tree, argv, at)


def _openssl(tree: Tree, argv: Sequence[str], at: Location) -> Iterator[DiskKey]:
    """`openssl enc`, which scripts use for keys and archives."""
    if len(argv) < 2 or not (argv[1] == "enc" or argv[1].startswith(("aes-", "aes1", "aes2", "des"))):
        return
    for option, value in pairwise(argv[2:]):
        literal = value.removeprefix("pass:") if option == "-pass" and value.startswith("pass:") else None
        literal = value if option in ("-k", "-K") else literal
        if literal and "$" not in literal:
            yield DiskKey("openssl enc", "the key for openssl enc stands in the command", at)
        path = value if option == "-kfile" else value.removeprefix("file:") if value.startswith("file:") else None
        if path is not None and option in ("-pass", "-kfile"):
            yield from _in_file(tree, path, "openssl enc", at)


def _mounted(target: str, options: tuple[str, ...], at: Location) -> Iterator[DiskKey]:
    for name, value in IN_OPTIONS.findall(",".join(options)):
        if name.endswith("file"):
            yield DiskKey(target, f"the passphrase lies in {value}", at, value.strip("/"))
        elif value and "$" not in value:
            yield DiskKey(target, "the passphrase stands in the mount options", at)
