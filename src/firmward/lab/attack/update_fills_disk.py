"""A disk that is full while an update is there: what is fetched first and written then has no room."""

from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.challenge import Challenge
from firmward.lab.means import in_place, offered_update, outcome, slot_content
from firmward.lab.means.slot_content import Release
from firmward.lab.means.taken_service import HTTPS, TakenService, as_root, taken
from firmward.lab.means.update_server import over, serving_beside
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import UPDATES

NEXT = "b"
FILLS = 120.0
"""Seconds in which all is full, on a busy machine too."""
FILES = 1 << 14
"""Empty files in one folder: as many as an ext4 of this size has inodes."""
RESTS = 15.0
"""Seconds after which an updater that asked for a version, and for nothing of it, has given up."""
FULL = 60.0
"""Seconds in which a device that needs no room has installed the update; one that needs some may not even ask."""
COMES = 150.0
"""Seconds in which it comes once there is room."""
LASTING, PASSING = "/data /data/*", "/run /run/* /var/log /var/log/* /tmp"
"""Where what is written is there after a start, and where it is not. Who has no rights writes to few of them."""
FILL = """\
for folder in {folders}; do
	[ -d "$folder" ] && [ -w "$folder" ] || continue
	echo "$folder"
	n=0
	while [ $n -lt {files} ] && true >"$folder/{name}-$n"; do n=$((n + 1)); done 2>/dev/null
	dd if=/dev/zero of="$folder/{name}" bs=64k 2>/dev/null
	dd if=/dev/zero of="$folder/{name}-0" bs=512 2>/dev/null
done
sync
echo filled
"""
"""Names first, for these need room too; then the rest, to the last sector."""
LEAVE = """\
for folder in {folders}; do
	find "$folder" -maxdepth 1 -name '{name}*' -exec rm -f {{}} +
done 2>/dev/null
sync
echo left
"""


def run(target: Target) -> Result:
    with taken(target) as service:
        _fill(service, LASTING)
        login = service.web.login
    return _twin(target) if target.is_plain else _device(target, login)


def code(form: str, folders: str, asked: Challenge) -> str:
    return form.format(folders=folders, name=f"filled-{asked.first}", files=FILES)


def _fill(service: TakenService, folders: str) -> None:
    """Raises Unseen."""
    target = service.powered.target
    said = service.run(as_root(code(FILL, folders, target.challenge)), FILLS).splitlines()
    places = ", ".join(line for line in said if line.startswith("/") and ":" not in line)
    if "filled" not in said:
        raise Unseen(f"his code did not come to its end: {places}")
    target.note(Witness.ATTACKER, f"writes until no more is taken: {places}")


def _twin(target: Target) -> Result:
    release = slot_content.release(target.updates, "current")
    image = in_place.image_of(release.manifest.version)
    files = in_place.fetched(release.manifest.version, release.content("root"))
    with serving_beside(over(files)) as server, target.power(ATTACK.ports, station=server.wire) as powered:
        offered_update.until_asked(powered, server)
        if powered.until(lambda: image in server.paths(), RESTS):
            return outcome.of_brick(powered, HTTPS, ATTACK.within)
        words = f"the updater asked for {server.log[-1].path}, and for no more within {RESTS:g} s: it stays as it is"
    target.note(Witness.NETWORK, words)
    return Result.SUCCEEDED


def _device(target: Target, login: str | None) -> Result:
    """It starts with a full disk, and is filled anew, to the file systems in memory."""
    release = slot_content.release(target.updates, "current")
    with (
        serving_beside(offered_update.honest(target.updates)) as server,
        taken(target, station=server.wire, login=login) as service,
    ):
        _fill(service, f"{LASTING} {PASSING}")
        if not service.powered.until(lambda: target.records().request.active == NEXT, FULL):
            service.goes_on(f"all is full, and {release.manifest.version} has no room")
            service.run(code(LEAVE, f"{LASTING} {PASSING}", target.challenge), FILLS)
            target.note(Witness.ATTACKER, "leaves, and takes what he wrote with him")
        else:
            target.note(Witness.DISK, f"{release.manifest.version} was installed while all is full")
        return _ended(service.powered, release)


def _ended(powered: Powered, release: Release) -> Result:
    """Raises Unseen where the new version does not come to serve."""
    version = release.manifest.version
    if not powered.until(lambda: powered.served == NEXT, COMES):
        raise Unseen(f"{version} did not come to serve within {COMES:g} s")
    if not slot_content.holds(powered.target, NEXT, release) or not outcome.answers(powered, HTTPS, COMES):
        raise Unseen(f"Linux marked slot {NEXT} good, which does not hold {version}, or does not answer")
    words = f"Linux marked slot {NEXT} good, which holds {version} to the byte; port {HTTPS} answers"
    powered.target.note(Witness.DISK, words)
    return Result.STOPPED


ATTACK = Attack(
    id="update-fills-disk",
    title="A full disk while an update is there",
    does="runs code in the web server, and from there fills all that it may write to, before an update comes",
    position=Position.SERVICE,
    link=UPDATES,
    case="Cisco CSCwf25731, CSCwf37271: a log fills access points' flash, and their next update ends in a boot loop",
    foretold=("update-without-fallback", "mount-options"),
    run=run,
    within=175.0,
    takes=180.0,
    ports=(HTTPS,),
    needs=(Need.NETWORK, Need.SCRIPT, Need.UPDATES),
)
