"""FITs that mkimage signs hold; what an attacker or a careless maker does to one is seen for what it is."""

import contextlib
import random
import time

import pytest
from signed_fit import ATTACKS, MISSING, SCHEMES, Signing, Workshop, change_load, flip_payload, strip

from firmward.formats import device_tree, fit, fit_check, fit_keys, verification_key
from firmward.formats.fit import Fault
from firmward.formats.fit_check import CheckedFit, HashState, SignatureState
from firmward.formats.fit_keys import KeyRing
from firmward.formats.malformed import Malformed

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing")

PLACES = {"inside": (), "outside": ("-E",), "at a place": ("-E", "-p", "0x8000")}


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.at(tmp_path_factory.mktemp("fit"))


def ring(control: bytes) -> KeyRing:
    found = fit_keys.of_control_tree(device_tree.parse(control))
    assert found is not None
    return found


def checked(data: bytes, keys: KeyRing | None) -> CheckedFit:
    return fit_check.check(lambda offset, size: data[offset : offset + size], len(data), keys)


def told(found: CheckedFit) -> str:
    """All that a FIT's verdict says of its default, in words."""
    one = found.default
    words = [found.fit.default or "none"]
    if one is not None:
        words += [made.state.value for made in one.signatures] or ["unsigned"]
        words += [f"without {left.path}" for left in one.uncovered]
    words += [f"{image.image.name} differs" for image in found.images if image.differs]
    words += [f"{problem.fault.value} {problem.path}" for problem in found.fit.problems]
    return ", ".join(words)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_mkimage_signs_holds(scheme: str, place: str, workshop: Workshop) -> None:
    signing = SCHEMES[scheme]
    path, control = workshop.made(signing, *PLACES[place])
    keys = ring(control)
    found = checked(path.read_bytes(), keys)
    assert [key.name for key in keys.keys] == [signing.key]
    assert told(found) == "conf-1, verified"
    for one in found.configurations:
        assert [(made.state, made.keys, made.weak) for made in one.signatures] == [
            (SignatureState.VERIFIED, (signing.key,), None)
        ]
        assert one.accepted
    assert {each.state for image in found.images for each in image.hashes} == {HashState.MATCHES}


@pytest.mark.parametrize("scheme", ["rsa2048", "rsa4096 with pss", "ecdsa"])
def test_a_key_given_by_hand_does_as_well(scheme: str, workshop: Workshop) -> None:
    signing = SCHEMES[scheme]
    path, _ = workshop.made(signing)
    file = workshop.folder / "keys" / f"{signing.key}.{'pem' if signing.key == 'curve' else 'key'}"
    public = workshop.run("openssl", "pkey", "-in", str(file), "-pubout")
    forms = [public, workshop.run("openssl", "pkey", "-in", str(file), "-pubout", "-outform", "DER")]
    if signing.key != "curve":
        forms += [
            file.with_suffix(".crt").read_bytes(),
            workshop.run("openssl", "rsa", "-in", str(file), "-RSAPublicKey_out"),
        ]
        forms.append(workshop.run("openssl", "x509", "-in", str(file.with_suffix(".crt")), "-outform", "DER"))
    for data in forms:
        found = checked(path.read_bytes(), fit_keys.given(*verification_key.read(data)))
        assert told(found) == "conf-1, verified"
        assert found.default is not None
        assert found.default.accepted


def test_without_keys_nothing_is_said_of_signatures(workshop: Workshop) -> None:
    path, _ = workshop.made(Signing())
    found = checked(path.read_bytes(), None)
    assert told(found) == "conf-1, no-key"
    assert found.default is not None
    assert found.default.accepted is None


VERDICTS = {
    "flip_payload": "conf-1, verified, kernel-1 differs",
    "flip_hash": "conf-1, changed, kernel-1 differs",
    "swap_payload_and_hash": "conf-1, changed",
    "swap_component": "conf-1, changed, without /images/kernel-2",
    "choose_the_other": "conf-2, verified",
    "strip": "conf-1, unsigned",
    "empty": "conf-1, empty",
    "flip_signature": "conf-1, invalid",
    "foreign": "conf-1, invalid",
    "foreign_by_name": "conf-1, foreign",
    "mix": "conf-3, changed, without /images/fdt-2",
    "borrow": "conf-1, elsewhere, without /configurations/conf-1, without /images/kernel-1, without /images/fdt-1, "
    "without /images/ramdisk-1",
    "unsigned_default": "conf-3, unsigned",
    "narrow": "conf-1, list-changed, without /images/fdt-1, without /images/ramdisk-1",
    "edit_names": "conf-1, changed",
    "sign_fewer_names": "conf-1, changed, without /",
    "sign_no_such_names": "conf-1, unknown",
    "add_to_configuration": "conf-1, changed, without /images/kernel-2",
    "add_to_image": "conf-1, changed",
    "change_the_root": "conf-1, changed",
    "change_load": "conf-1, changed",
    "remove_component": "conf-1, changed, missing-image /configurations/conf-1",
    "same_name_with_address": "conf-1, verified, unit-address /images/kernel-1@1, no-data /images/kernel-1@1",
    "decoy": "conf-1, verified, without /images/kernel-1, no-data /images/decoy",
}
ACCEPTED = {"choose_the_other", "same_name_with_address", "decoy"}
"""What a loader that believes `hashed-nodes` boots all the same."""
ACCEPTED_ANEW = {"choose_the_other", "narrow"}
"""What one boots that makes its own list; what was taken from the list was signed nevertheless."""


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("scheme", ["rsa2048", "rsa2048 with pss"])
def test_every_attack_has_its_verdict(scheme: str, attack, workshop: Workshop) -> None:
    path, control = workshop.made(SCHEMES[scheme])
    attack(workshop, path)
    found = checked(path.read_bytes(), ring(control))
    assert told(found) == VERDICTS[attack.__name__]
    assert found.default is not None
    assert found.default.accepted is (attack.__name__ in ACCEPTED)
    assert found.default.accepted_anew is (attack.__name__ in ACCEPTED_ANEW)


def test_of_ecdsa_nobody_can_see_who_made_what_does_not_hold(workshop: Workshop) -> None:
    path, control = workshop.made(SCHEMES["ecdsa"])
    change_load(workshop, path)
    assert told(checked(path.read_bytes(), ring(control))) == "conf-1, invalid"


def test_external_data_that_are_moved_are_told(workshop: Workshop) -> None:
    path, control = workshop.made(Signing(), "-E")
    workshop.put(path, "/images/kernel-1", "data-offset", "bbc", options=("-t", "x"))
    found = checked(path.read_bytes(), ring(control))
    assert told(found) == "conf-1, verified, kernel-1 differs, overlap /images/kernel-2"
    workshop.put(path, "/images/kernel-1", "data-offset", "7fffff00", options=("-t", "x"))
    found = checked(path.read_bytes(), ring(control))
    assert told(found) == "conf-1, verified, outside /images/kernel-1"
    assert found.images[0].hashes[0].state is HashState.ABSENT
    assert found.default is not None
    assert not found.default.accepted
    workshop.put(path, "/images/kernel-1", "data-position", "0", options=("-t", "x"))
    found = checked(path.read_bytes(), ring(control))
    assert told(found) == "conf-1, verified, kernel-1 differs, overlap /images/kernel-1"


CARELESS = {
    "signs the kernel alone": (
        Signing(roles='"kernel"'),
        "conf-1, verified, without /images/fdt-1, without /images/ramdisk-1",
    ),
    "hashes by a check sum": (
        Signing(hashes='hash-1 { algo = "crc32"; };'),
        "conf-1, verified, without /images/kernel-1, without /images/fdt-1, without /images/ramdisk-1",
    ),
    "hashes twice": (Signing(hashes='hash-1 { algo = "crc32"; }; hash-2 { algo = "sha512"; };'), "conf-1, verified"),
    "tells the loader not to look": (
        Signing(hashes='hash-1 { algo = "sha256"; uboot-ignore = <1>; };'),
        "conf-1, verified, without /images/kernel-1, without /images/fdt-1, without /images/ramdisk-1",
    ),
    "signs nothing": (Signing(roles=""), "conf-1, unsigned"),
    "signs image by image": (Signing(roles="", each_image=True), "conf-1, unsigned"),
}


@pytest.mark.parametrize("what", CARELESS)
def test_what_a_careless_maker_leaves_out_is_told(what: str, workshop: Workshop) -> None:
    signing, expected = CARELESS[what]
    path, control = workshop.made(signing)
    found = checked(path.read_bytes(), ring(control))
    assert told(found) == expected
    assert found.is_mixable is signing.each_image
    if signing.each_image:
        assert {made.state for image in found.images for made in image.signatures} == {SignatureState.VERIFIED}
        assert [key.required for key in ring(control).keys] == ["image"]
        flip_payload(workshop, path)
        image = checked(path.read_bytes(), ring(control)).image("kernel-1")
        assert image is not None
        assert [made.state for made in image.signatures] == [SignatureState.CHANGED]


@pytest.mark.parametrize(
    ("signing", "words"),
    [
        (Signing("sha1,rsa2048"), "it is made with sha1"),
        (Signing("sha256,rsa2048"), None),
    ],
)
def test_weak_algorithms_are_told(signing: Signing, words: str | None, workshop: Workshop) -> None:
    path, control = workshop.made(signing)
    found = checked(path.read_bytes(), ring(control)).default
    assert found is not None
    assert [made.weak for made in found.signatures] == [words]


def test_a_small_key_is_told_whatever_the_algorithm_says(workshop: Workshop) -> None:
    path, _ = workshop.made(Signing())
    small = verification_key.read((workshop.folder / "keys" / "small.crt").read_bytes())
    found = checked(path.read_bytes(), fit_keys.given(*small)).default
    assert found is not None
    assert [made.weak for made in found.signatures] == ["its key has 1024 bits"]


def test_which_keys_are_required_decides_what_boots(workshop: Workshop) -> None:
    path, control = workshop.made(Signing())
    good = ring(control).keys[0]
    _, other = workshop.made(Signing(key="big", algorithm="sha256,rsa4096"))
    another = ring(other).keys[0]
    path, _ = workshop.made(Signing())
    data = path.read_bytes()
    for both, any_is_enough, expected in (
        ((good,), False, True),
        ((good, another), False, False),
        ((good, another), True, True),
        ((another,), True, False),
    ):
        found = checked(data, KeyRing(both, any_is_enough)).default
        assert found is not None
        assert found.accepted is expected
    optional = fit_keys.Key(good.name, good.algorithm, None, good.public)
    strip(workshop, path)
    found = checked(path.read_bytes(), KeyRing((optional,))).default
    assert found is not None
    assert found.accepted  # nothing must be signed: the key is there for show
    assert KeyRing((optional,)).required("conf") == ()


def test_a_key_bound_to_another_algorithm_is_not_used(workshop: Workshop) -> None:
    path, control = workshop.made(Signing())
    key = ring(control).keys[0]
    bound = fit_keys.Key(key.name, "sha512,rsa2048", key.required, key.public)
    assert told(checked(path.read_bytes(), KeyRing((bound,)))) == "conf-1, foreign"


def test_bad_input_is_malformed_or_told(workshop: Workshop) -> None:
    begin = time.process_time()
    chance = random.Random(7)
    for options in ((), ("-E",)):
        path, control = workshop.made(Signing(each_image=True), *options)
        data, keys = path.read_bytes(), ring(control)
        small = data.replace(bytes(2000), b"").replace(b"\1" * 2000, b"").replace(b"\2" * 2000, b"")
        for _ in range(150):
            changed = bytearray(chance.choice((data, small)))
            for _ in range(chance.choice((1, 1, 5, 40))):
                place = chance.randrange(min(len(changed), chance.choice((64, 4000, len(changed)))))
                changed[place] = chance.choice((0, 0xFF, 0x80, chance.randrange(256)))
            cut = chance.choice((len(changed), len(changed), chance.randrange(len(changed))))
            with contextlib.suppress(Malformed):
                checked(bytes(changed[:cut]), keys)
        for _ in range(60):
            changed = bytearray(control)
            for _ in range(chance.choice((1, 10))):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            with contextlib.suppress(Malformed):
                fit_keys.of_control_tree(device_tree.parse(bytes(changed)))
    assert time.process_time() - begin < 30


def test_a_thousand_signatures_and_images_of_all_data_end_in_time(workshop: Workshop) -> None:
    images = "".join(
        f'i{n} {{ data-position = <{n}>; data-size = <3000000>; hash-1 {{ algo = "sha512"; value = "x"; }}; }};'
        for n in range(1000)
    )
    node = 'algo = "sha256,rsa2048"; value = "x"; hashed-nodes = "/", "/images"; hashed-strings = <0 0>;'
    signatures = "".join(f"signature-{n} {{ {node} }};" for n in range(1000))
    source = f'/dts-v1/; / {{ images {{ {images} }}; configurations {{ default = "c"; c {{ {signatures} }}; }}; }};'
    data = workshop.run("dtc", "-q", "-O", "dtb", feed=source.encode()) + bytes(3 << 20)
    _, control = workshop.made(Signing())
    begin = time.process_time()
    found = checked(data, ring(control))
    assert time.process_time() - begin < 10
    states = [each.state for image in found.images for each in image.hashes]
    assert states[0] is HashState.DIFFERS
    assert states[-1] is HashState.UNKNOWN
    assert sum(problem.fault is Fault.OVERLAP for problem in found.fit.problems) == 1000


def test_keys_are_tried_so_often_and_no_more(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_check, "VERIFICATIONS_LIMIT", 25)
    _, control = workshop.made(SCHEMES["ecdsa"])
    key = ring(control).keys[0]
    node = 'algo = "sha256,ecdsa256"; value = [' + "11" * 64 + ']; hashed-nodes = "/";'
    signatures = "".join(f"signature-{n} {{ {node} }};" for n in range(500))
    source = f'/dts-v1/; / {{ images {{ }}; configurations {{ default = "c"; c {{ {signatures} }}; }}; }};'
    data = workshop.run("dtc", "-q", "-O", "dtb", feed=source.encode())
    found = checked(data, KeyRing((key,) * 10)).default
    assert found is not None
    assert {made.state for made in found.signatures} == {SignatureState.INVALID, SignatureState.UNKNOWN}


def much(workshop: Workshop, count: int) -> bytes:
    """A FIT whose default configuration boots 2001 images, and has so many signatures."""
    names = "".join(f'"kernel-{1 + number % 2}", ' for number in range(2000)) + '"fdt-1"'
    signature = 'signature-%d { algo = "sha256,rsa2048"; key-name-hint = "dev"; value = <%d>; hashed-nodes = "/"; };'
    made = "".join(signature % (number, number + 1) for number in range(count))
    source = Signing(roles="").source().replace('kernel = "kernel-1"', f"loadables = {names}")
    source = source.replace('ramdisk = "ramdisk-1";', f'ramdisk = "ramdisk-1"; {made}')
    return workshop.run("dtc", "-q", "-f", "-I", "dts", "-O", "dtb", feed=source.encode())


def test_signatures_of_a_configuration_of_much_end_in_time(workshop: Workshop) -> None:
    _, control = workshop.made(Signing())
    data = much(workshop, 2000)
    begin = time.process_time()
    one = checked(data, ring(control)).default
    assert time.process_time() - begin < 10
    assert one is not None
    assert {made.state for made in one.signatures} == {SignatureState.INVALID, SignatureState.UNKNOWN}
    assert (one.accepted, bool(one.uncovered)) == (False, True)


def test_what_signatures_are_over_is_gone_through_so_often(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    _, control = workshop.made(Signing())
    data = much(workshop, 2)
    for limit, state in ((100_000, SignatureState.INVALID), (1000, SignatureState.UNKNOWN)):
        monkeypatch.setattr(fit_check, "NODES_LIMIT", limit)
        one = checked(data, ring(control)).default
        assert [made.state for made in one.signatures] == [state] * 2
        assert one.uncovered


def test_a_list_that_is_too_long_is_over_no_node(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    path, control = workshop.made(Signing())
    (good,) = checked(path.read_bytes(), ring(control)).default.signatures
    for limit, state in ((len(good.signature.hashed_nodes), "VERIFIED"), (3, "LIST_CHANGED")):
        monkeypatch.setattr(fit, "HASHED_NODES", limit)
        one = checked(path.read_bytes(), ring(control)).default
        assert [made.state for made in one.signatures] == [SignatureState[state]]
