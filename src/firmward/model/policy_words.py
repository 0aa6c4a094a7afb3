"""A sentence for each key of the policy: what editors show, and the reference page.

A test holds the keys equal to those of policy.py.
"""

from collections.abc import Mapping
from types import MappingProxyType

_WORDS = """
schema: Version of this form; 1.
device: Which product this is.
device.product: Name of the product.
device.model: Model or variant of it.
device.version: Version of the firmware that this declares.
device.board: Board, as the build system and the update bundles name it.
device.architecture: Processor that the system is built for.
device.system: What the system is built with.
support: How long there are security updates, and what comes then.
support.until: Last day with security updates.
support.years_from_activation: Years of security updates, counted from the day on which an owner activates the device.
support.contact: Where a weakness can be reported: an address or a page.
support.after: What the device does when the period is over: warn, talk to few, to its own network only, or nothing.
listen: A socket that the device may open.
listen.port: Port number.
listen.protocol: tcp or udp.
listen.service: Program that opens it.
listen.from: Who may reach it: a zone, a CIDR, or lan, wan, bastion, local, any.
egress: A destination that the device may call.
egress.to: A name, *.name, a CIDR, lan or gateway.
egress.port: Port number; without one every port.
egress.protocol: tcp or udp.
egress.rate: Most new connections, such as 2/s.
service: A service that may run.
service.name: Name of the program or unit.
service.user: Account that it runs as.
service.writes: Folders that it may write.
service.memory: Most memory, such as 32M.
account: An account that may log in.
account.name: Name in passwd.
account.login: Whether it may log in.
account.reason: Who needs the login, and for what.
zone: A network zone that rules may name.
zone.name: Name of the zone.
zone.vlan: Its VLAN number.
flow: Traffic that the device forwards or takes between zones.
flow.from: Zone that it comes from.
flow.to: Zone or product that it goes to.
flow.port: Port number; without one every port.
flow.protocol: tcp or udp.
filesystem: What of the file system may be written, and how the rest is kept whole.
filesystem.verified: How the root file system is verified.
filesystem.writable: Folders that may be written.
filesystem.setuid: Programs that may be setuid or setgid.
filesystem.encrypted: Folders that must be encrypted.
filesystem.key_store: What holds the keys of the encryption.
kernel: What the kernel must be able to do.
kernel.profile: Kind of product, which says what of the kernel it needs.
kernel.modules: Modules that may be loaded.
kernel.live_patching: Whether the kernel must take patches while it runs.
boot: How the device boots.
boot.keys: Public keys that what boots is signed with.
boot.modes: Media from which it may boot.
boot.console: What the serial console may do.
boot.rollback_index: Grows when older images must not start any more; the boot loader keeps the highest it has seen.
boot.floor: What keeps the lowest rollback index that the device may be given again; without it the best that is there.
build: What an image is built from.
build.rootfs: Root file system: a folder, or an image of it.
build.kernel: Kernel image.
build.device_tree: Device tree.
build.tools: Folder or image with busybox and dmsetup for the initramfs; the root file system when not said.
build.data: Folder with what the data partition starts with.
build.boot_loader: Boot loader, for a board whose boot loader firmward does not build.
build.boot_loader_tree: Control tree of that boot loader, which gets the public key.
build.layout: How the root file system is laid out.
build.compression: How it is compressed.
build.boot_size: Size of the signed kernel's partition in each slot, such as 24M.
build.slot_size: Size of the root file system's partition in each slot, such as 64M.
build.data_size: Size of the data partition.
update: How the device is updated.
update.server: Where updates come from.
update.mechanism: What installs them.
update.channel: Which line of releases it follows.
update.automatic: Whether updates are installed without asking.
update.keys: Public keys that updates are signed with.
update.health: Commands that must succeed for a slot to stay, such as ["/usr/bin/selftest"].
update.health_seconds: Time that they have after the start.
update.window: Hours of the device's local time in which updates are installed, such as 02:00-04:00.
update.quota: Most traffic for updates, such as 50M/month.
update.rate: Most traffic for updates at a time, such as 1M/s.
update.grace: How long after it has expired a device still takes signed metadata, such as 30d.
update.director: Whether nothing is installed that the fleet's director has not ordered for this very device.
agent: What the agent on the device may use and do.
agent.memory: Most memory, such as 12M.
agent.cpu: Most processor time, such as 1%.
agent.traffic: Most traffic, such as 200K/day.
agent.server: Fleet server that it reports to.
agent.containment: What it does against a process that leaves its declared ways.
modes: How people may open the device.
modes.advanced: What it takes to enter a developer or owner mode; data and keys are erased before.
tamper: What notices that somebody opened the case.
tamper.inputs: Inputs that are watched, such as a case switch.
release: A version that was given out.
release.version: Its version, as in device.version.
release.date: Day on which it was given out.
review: A review that people made.
review.kind: Reading the code, or attacking the product.
review.date: Day on which it was finished.
review.owner: Who answers for it.
review.release: Version that was looked at.
review.report: Where the result is kept: a number or a page, not the result itself.
review.next: Day by which the next one is due.
accepted: A finding that the maker lives with for a while.
accepted.check: Id of the check.
accepted.reason: Why it can be lived with.
accepted.owner: Who answers for it.
accepted.expires: Last day on which it is accepted.
accepted.key: Key of the finding; without one every finding of the check.
"""

WORDS: Mapping[str, str] = MappingProxyType(
    {key: sentence for key, _, sentence in (line.partition(": ") for line in _WORDS.strip().splitlines())}
)
"""By the key's whole name."""
