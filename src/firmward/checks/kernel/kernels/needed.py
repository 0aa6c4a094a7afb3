"""What the policy declares that a product does with its kernel, and rows would take away."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from firmward.model.policy import Policy

ENGINES = frozenset(("docker", "dockerd", "podman", "containerd", "crio", "lxc", "lxd", "incus", "balena", "balenad"))
CONTAINERS = ("user_ns", "bpf_syscall", "checkpoint_restore")
"""Containers without root's rights, control of devices in cgroups of version 2, and moving a container."""
LIVE_PATCHING = ("livepatch", "modules", "kallsyms", "ftrace", "function_tracer", "trim_unused_ksyms")
"""CONFIG_LIVEPATCH and what it depends on (kernel/livepatch/Kconfig); patches use symbols that no driver does."""
ENCRYPTION = ("crypto_user_api", "crypto_user_api_skcipher")
"""cryptsetup opens the key slots of LUKS by AF_ALG."""
MODULES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "af_alg": ("crypto_user_api",),
        "algif_aead": ("crypto_user_api_aead", "crypto_user_api"),
        "algif_hash": ("crypto_user_api_hash", "crypto_user_api"),
        "algif_rng": ("crypto_user_api_rng", "crypto_user_api"),
        "algif_skcipher": ("crypto_user_api_skcipher", "crypto_user_api"),
        "binfmt_misc": ("binfmt_misc",),
        "dccp": ("ip_dccp",),
        "ksmbd": ("smb_server",),
        "n_gsm": ("n_gsm",),
        "sctp": ("ip_sctp",),
        "tipc": ("tipc",),
        "tls": ("tls",),
        "ublk_drv": ("blk_dev_ublk",),
        "usbmon": ("usb_mon",),
    }
)
"""By module the rows that would leave it out."""


def needed(policy: Policy | None) -> Mapping[str, str]:
    """By row why the product needs what it would take away."""
    return {} if policy is None else dict(_needed(policy))


def _needed(policy: Policy) -> Iterator[tuple[str, str]]:
    for engine in sorted({one.name.removesuffix(".service") for one in policy.service} & ENGINES):
        yield from ((row, f"the service {engine} runs containers") for row in CONTAINERS)
    if policy.device is not None and policy.device.system == "balena":
        yield from ((row, "balenaOS runs its applications as containers") for row in CONTAINERS)
    if policy.filesystem is not None and policy.filesystem.encrypted:
        yield from ((row, "[filesystem] encrypted: cryptsetup opens volumes by it") for row in ENCRYPTION)
    if policy.kernel is None:
        return
    if policy.kernel.live_patching:
        yield from ((row, "[kernel] live_patching needs it") for row in LIVE_PATCHING)
    for module in policy.kernel.modules:
        yield "modules", "[kernel] modules declares drivers that are loaded"
        for row in MODULES.get(module.replace("-", "_"), ()):
            yield row, f"[kernel] modules declares {module}"
