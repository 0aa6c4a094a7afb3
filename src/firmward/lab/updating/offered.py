"""What a repository offers a build, before anything is started."""

from pathlib import Path

from firmward.build.image import POLICY
from firmward.lab.device import Device
from firmward.lab.means import update_server
from firmward.lab.updating.report import Offered
from firmward.lab.updating.slots import Content, Version
from firmward.model.errors import InputError
from firmward.model.policy import Policy, Update, parse_policy
from firmward.signing.tuf_repository import BLOBS, Channel, channel, existing
from firmward.update.manifest import FULL, Manifest, Payload


def policy_of(device: Device) -> Policy:
    """Raises InputError for one that is not there."""
    path = device.folder / POLICY
    try:
        return parse_policy(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def manifest(device: Device, policy: Policy, repository: Path) -> Manifest:
    """The release that the device's own channel has for its board. Raises InputError where there is none, or what the
    device runs; TrustError for a repository that is not whole."""
    one, state = _channel(device, policy), existing(repository)
    found = state.manifest(one.path(device.said.board), state.of_channel(one).signed)
    if found is None:
        raise InputError(f"{repository}: its channel {one.role} has nothing for {device.said.board}")
    if found.version == device.said.version:
        raise InputError(f"{repository}: its channel {one.role} offers {found.version}, which is what {device.name} is")
    return found


def _channel(device: Device, policy: Policy) -> Channel:
    return channel(device.said.product, (policy.update or Update()).channel)


def check_server(device: Device, policy: Policy) -> None:
    """Raises InputError for a device that would ask somebody else, or wait for the night."""
    update = policy.update or Update()
    server = update.server
    if server != update_server.URL:
        said = server or "no server"
        raise InputError(
            f"{device.folder / POLICY}: names {said}, and the lab's server is {update_server.URL}: build with "
            "that one in [update] server and in an [[egress]] for it, or give the repository with --from-stick"
        )
    if update.window is not None:
        raise InputError(
            f"{device.folder / POLICY}: takes updates at {update.window} alone, and nobody waits so long in the lab: "
            "build without [update] window, or give the repository with --from-stick, for which there is none"
        )


def told(found: Manifest, base: Version) -> Offered:
    """Of what a device takes that holds `base`."""
    kinds = {f"/{BLOBS}/{source.blob.sha256}": source.kind for one in found.payloads for source in one.sources}
    least = sum(_first(one, base.contents) for one in found.payloads)
    return Offered(found.version, sum(one.size for one in found.payloads), least, kinds)


def _first(payload: Payload, held: tuple[Content, ...]) -> int:
    """Bytes of the first source that can be taken."""
    bases = {one.sha256 for one in held if one.partition == payload.partition}
    fits = (one.blob.size for one in payload.sources if one.kind == FULL or one.base in bases)
    return next(fits, payload.size)
