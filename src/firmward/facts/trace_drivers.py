"""What a kernel's configuration builds for debug ports and tracing.

Rules (Linux's drivers/hwtracing/coresight/Kconfig): CONFIG_CORESIGHT is the bus that all others need; the CPU debug
module, the embedded trace macrocells and the sinks have options of their own. `y` is built in, `m` a module.
"""

import re
from dataclasses import dataclass

from firmward.facts.parts_of_kind import read_each
from firmward.formats.malformed import Malformed
from firmward.model.location import Location
from firmward.model.parts import Content, Parts

KIND = "kernel-config"
SIZE_LIMIT = 4 << 20
"""Bytes of a configuration; a large one has 300 KiB."""

_OPTION = re.compile(rb"^(CONFIG_CORESIGHT(?:_\w+)?)=([ym])\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class KernelTrace:
    """The `options` of one kernel's configuration, `at`, that are on, with `y` or `m`."""

    at: Location
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TraceDrivers:
    """One for each configuration in `kernels`; `unread` says in words which could not be read."""

    kernels: tuple[KernelTrace, ...]
    unread: tuple[str, ...] = ()

    @property
    def are_absent(self) -> bool:
        """Whether it is certain that no kernel of the image has any."""
        return bool(self.kernels) and not self.unread and not any(one.options for one in self.kernels)


def collect(parts: Parts) -> TraceDrivers | None:
    found, unread = read_each(parts, (KIND,), _read)
    return TraceDrivers(tuple(found), unread) if found or unread else None


def _read(at: Location, _: str, content: Content) -> KernelTrace:
    if content.size > SIZE_LIMIT:
        raise Malformed(f"{content.size} bytes are too many for a kernel's configuration")
    found = _OPTION.findall(content.read(0, content.size))
    return KernelTrace(at, tuple((name.decode(), value.decode()) for name, value in found[:50]))
