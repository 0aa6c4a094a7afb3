"""What of a system uses the hardware that keeps keys: a TPM, the processor's CAAM, OP-TEE, a secure element.

Rules. A TPM is used by crypttab's or the command line's `tpm2-device=`, by tpm2-tools, clevis, keylime or a resource
manager that starts, by an IMA policy that measures (into PCR 10), and by openssl's tpm2 provider. CAAM and OP-TEE are
used by the kernel's trusted keys (`keyctl add trusted`, `:trusted:` and `:encrypted:` in a table of dm-crypt, Linux's
security/keys/trusted-encrypted), by caam-keygen and by tee-supplicant; a secure element by a PKCS#11 module that is
configured for it. A tool or a library that only lies there may serve a program of the maker's, or nothing: it is told
apart, and so is a disk whose key such a program hands over, from wherever it has it. systemd's own TPM tools come with
systemd and say nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firmward.facts.encryption import CRYPTTAB, Encryption, Mapping
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.process import Process, Start, applet
from firmward.facts.startup import Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Tree

TEXT_LIMIT = 1 << 20
"""Characters of one configuration."""
TOLD = 5
"""Uses and tools told of one kind."""
KINDS = ("tpm", "caam", "optee", "secure-element")

_LIBRARIES = ("usr/lib", "usr/lib/*", "lib", "lib/*", "usr/lib64")


def _libraries(*names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for folder in _LIBRARIES for name in names)


PROGRAMS = {
    "tpm": re.compile(r"tpm2(?:_\w+|-abrmd|-totp)?|tcsd|clevis[\w-]*|keylime_agent|tpm_\w+"),
    "caam": re.compile(r"caam-keygen|caam-decrypt|kb_\w+"),
    "optee": re.compile(r"tee-supplicant"),
    "secure-element": re.compile(r"se05x?\w*|atecc\w*|ssscli"),
}
"""Programs that use one when they run."""

TOOLS = {
    "tpm": ("usr/bin/tpm2*", "usr/bin/clevis*", *_libraries("libtss2-esys.so*", "libtpm2_pkcs11.so*", "libtspi.so*")),
    "caam": ("usr/bin/caam-keygen", "usr/sbin/caam-keygen"),
    "optee": ("usr/sbin/tee-supplicant", "usr/bin/tee-supplicant", *_libraries("libteec.so*", "libckteec.so*")),
    "secure-element": _libraries("libcryptoauth.so*", "libsss_*.so*", "libSSS_*.so*", "libse05x*.so*"),
}
"""What only has to lie there to serve somebody."""

CONFIGURED = {
    "tpm": (
        ("etc/ssl/openssl.cnf", re.compile(r"(?m)^[^#\n]*\btpm2\b")),
        ("etc/ima/ima-policy", re.compile(r"(?m)^\s*measure\b")),
    ),
    "secure-element": (
        ("etc/cryptoauthlib/*.conf", re.compile(r"(?m)^\s*interface\s*=")),
        ("var/lib/cryptoauthlib/*.conf", re.compile(r"(?m)^\s*(?:interface|object)\s*=")),
        ("etc/pkcs11/modules/*", re.compile(r"(?m)^\s*module:.*(?:cryptoauth|sss|se05)")),
        ("etc/ssl/openssl.cnf", re.compile(r"(?m)^[^#\n]*\b(?:e4sss|sssProvider|cryptoauth)")),
    ),
    "optee": (("etc/pkcs11/modules/*", re.compile(r"(?m)^\s*module:.*ckteec")),),
}  # fmt: skip
"""Files, and the line that says that one is used."""

_TRUSTED = re.compile(r":(?:trusted|encrypted):")
_SOURCES = {"tpm": "tpm", "caam": "caam", "optee": "tee"}
"""The words of `trusted.source=` on the kernel's command line."""


@dataclass(frozen=True, slots=True)
class KeyKeeper:
    """What speaks for one `kind` of keeper: `uses` in words, each one that it is used; `tools` the paths of what may
    use it and is only there."""

    kind: str
    uses: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyKeepers:
    """One of each kind in `keepers`; `fed` are the mapped devices whose key a program hands over, `is_opened` whether
    any is opened in this system. `unread` says in words what could not be looked into."""

    keepers: tuple[KeyKeeper, ...]
    fed: tuple[str, ...] = ()
    is_opened: bool = True
    unread: tuple[str, ...] = ()

    def of(self, kind: str) -> KeyKeeper:
        return next((one for one in self.keepers if one.kind == kind), KeyKeeper(kind))

    def doubt(self, kind: str, encrypted: Sequence[str] = ()) -> str | None:
        """Words for why it is not certain that one of this kind is not used, where no use of it was seen. `encrypted`
        are the folders that the maker says are."""
        if self.unread:
            return "; ".join(self.unread[:3])
        tools = self.of(kind).tools
        if tools:
            return f"{tools[0]} is there, and whether something uses it was not seen"
        if self.fed:
            return f"a program hands over the key of {self.fed[0]}, and where it has it from was not seen"
        if encrypted and not self.is_opened:
            return f"{encrypted[0]} is encrypted, as the maker says, and what opens it is not in this root"
        return None


def collect(
    tree: Tree,
    startup: Startup | None | Unknown,
    lines: KernelCommandLine | None | Unknown,
    encryption: Encryption | None | Unknown,
) -> KeyKeepers:
    if not isinstance(startup, Startup):
        raise Unavailable(startup.reason if isinstance(startup, Unknown) else "it is not known what starts")
    running = [one for one in startup.processes if one.start is not Start.DISABLED]
    unread = list(startup.unread_servers) if startup.blind is None else [startup.blind]
    words = (
        [str(word) for line in lines.lines for word in line.arguments] if isinstance(lines, KernelCommandLine) else []
    )
    keepers = []
    for kind in KINDS:
        uses = dict.fromkeys(
            (
                *_run(kind, running),
                *_sealed(tree, kind, words, unread),
                *_configured(tree, kind, unread),
                *_trusted(kind, running, words),
            )
        )
        tools = [path for pattern in TOOLS[kind] for path in tree.glob(pattern)]
        keepers.append(KeyKeeper(kind, tuple(uses)[:TOLD], tuple(dict.fromkeys(tools))[:TOLD]))
    mappings = encryption.mappings if isinstance(encryption, Encryption) else ()
    unread += [encryption.reason] if isinstance(encryption, Unknown) else []
    fed = tuple(dict.fromkeys(one.name for one in mappings if _is_fed(one)))
    return KeyKeepers(tuple(keepers), fed[:TOLD], bool(mappings), tuple(dict.fromkeys(unread)))


def _is_fed(mapping: Mapping) -> bool:
    """A command without a key's file reads the key from its input; in crypttab a script gives it."""
    if mapping.at.path == CRYPTTAB:
        return any(option.startswith("keyscript=") for option in mapping.options)
    return mapping.key in (None, "-", "/dev/stdin")


def _run(kind: str, running: list[Process]) -> Iterator[str]:
    for process in running:
        if PROGRAMS[kind].fullmatch(process.program):
            yield f"{process.service} runs {process.program}"


def _sealed(tree: Tree, kind: str, words: list[str], unread: list[str]) -> Iterator[str]:
    """Disks whose key a TPM seals."""
    if kind != "tpm":
        return
    for line in _text(tree, "etc/crypttab", unread).split("\n"):
        fields = line.split()
        if len(fields) > 3 and not line.lstrip().startswith("#") and "tpm2-" in fields[3]:
            yield f"etc/crypttab opens {fields[0]} with it"
    if any("tpm2-device" in word for word in words):
        yield "the kernel's command line opens a disk with it"


def _configured(tree: Tree, kind: str, unread: list[str]) -> Iterator[str]:
    for pattern, says in CONFIGURED.get(kind, ()):
        for path in tree.glob(pattern):
            if says.search(_text(tree, path, unread)):
                yield f"{path} names it"


def _trusted(kind: str, running: list[Process], words: list[str]) -> Iterator[str]:
    """The kernel's trusted keys, unless the command line says that another keeper seals them."""
    if kind not in _SOURCES:
        return
    sources = [word.partition("=")[2] for word in words if word.startswith("trusted.source=")]
    if sources and sources[-1] != _SOURCES[kind]:
        return
    if any(_TRUSTED.search(word) for word in words):
        yield "the kernel's command line opens a disk with a trusted key"
    for process in running:
        argv = tuple(applet(process.argv))
        is_added = process.program == "keyctl" and "trusted" in argv
        if is_added or any(_TRUSTED.search(word) for word in argv):
            yield f"{process.service} uses a trusted key of the kernel's"


def _text(tree: Tree, path: str, unread: list[str]) -> str:
    try:
        return tree.text(path, TEXT_LIMIT) or ""
    except Unavailable as reason:
        unread.append(str(reason))
        return ""
