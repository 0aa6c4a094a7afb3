"""A fragment for the kernel's configuration, as `merge_config.sh` takes it."""

from firmward.harden.site import Beside
from firmward.model.policy import Policy

NAME = "kernel.config"


def render(beside: Beside, policy: Policy | None) -> str | None:
    lines = [_line(option, value) for option, value in sorted(beside.kernel.items())]
    return "".join(f"{line}\n" for line in lines) or None


def _line(option: str, value: str) -> str:
    return f"# {option} is not set" if value == "n" else f"{option}={value}"
