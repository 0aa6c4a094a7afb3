"""The programs that verify: what with, and what follows when they say no.

Sources: veritysetup(8), dmsetup(8) and the kernel's table of the verity target (Documentation/admin-guide/
device-mapper/verity.rst), openssl-dgst(1), openssl-pkeyutl(1), openssl-cms(1), gpgv(1), minisign(1), signify(1).
"""

import re
from collections.abc import Sequence

from firmward.facts.early.command import Command, on, proved, split
from firmward.facts.early.records import Anchor
from firmward.facts.early.shell_commands import load_policy
from firmward.facts.early.sources import anchor_of, anchor_of_path, in_full
from firmward.facts.early.state import Ends, Proof, State
from firmward.facts.early.ways import Ways
from firmward.facts.scripts.environment import Value
from firmward.facts.scripts.flow import Call

VERITY_VALUED = """--hash-offset --data-block-size --hash-block-size --data-blocks --salt --uuid --root-hash-file
--root-hash-signature --fec-device --fec-offset --fec-roots --format --hash -h -s"""
ROOT_FIELD = 8
"""The field of a verity target's parameters that is the root hash, from 0."""
_TARGET = re.compile(r"\bverity\s(?P<rest>.*)", re.DOTALL)
_FIELD = re.compile(r"(?:\$\([^()]*\)|\S)+")
_KEY = re.compile(r"(?:-inkey|-verify|-CAfile|-certfile|-keyring|--keyring|-p|-P|-k|--key)")


def _veritysetup(ways: Ways, state: State, call: Call) -> Ends:
    found, words = split(call, VERITY_VALUED)
    action = words[0] if words else ""
    if action not in ("open", "create", "verify"):
        return on(state, None)
    place = {"open": 2, "create": 1, "verify": 1}[action]
    name = words[place] if len(words) > place else ""
    anchor = _root_hash(ways, state, call, found, words[-1] if len(words) > (3 if action == "verify" else 4) else "")
    ways.verifies("dm-verity", call, anchor)
    if anchor is Anchor.MEDIUM:
        return on(state, None)
    unclear = anchor is Anchor.UNKNOWN
    if action == "verify":
        return proved(state, call, Proof("unclear", "veritysetup") if unclear else Proof("signature", name))
    return _volume(ways, state, call, name, is_clear=not unclear)


def _root_hash(ways: Ways, state: State, call: Call, found: dict[str, str], text: str) -> Anchor:
    if "--root-hash-signature" in found:
        return Anchor.SIGNED
    if "--root-hash-file" in found:
        return anchor_of_path(in_full(found["--root-hash-file"]), ways.tree, state.mounts)
    if not text:
        return Anchor.UNKNOWN
    value = next(word for word in call.words if word.text == text)
    return anchor_of(value, ways.tree, state.mounts)


def _volume(ways: Ways, state: State, call: Call, name: str, *, is_clear: bool) -> Ends:
    """A volume that verity opens, or that is not there."""
    ways.volumes.add(name)
    proof = Proof("verity", name) if is_clear else Proof("unclear", "veritysetup")
    return proved(state, call, proof, name)


def _dmsetup(ways: Ways, state: State, call: Call) -> Ends:
    """`dmsetup create NAME`, with the table among the words or in the pipe."""
    _, words = split(call, "--table --uuid -u --major -m --minor -n --addnodeoncreate")
    if words[:1] != ["create"]:
        return on(state, None)
    table = " ".join((*call.texts, ways.input or ""))
    found = _TARGET.search(table)
    if found is None:
        is_told = "$" not in table and ("--table" in call.texts or ways.input is not None)
        return on(state, None) if is_told else proved(state, call, Proof("unclear", "dmsetup"))
    anchor = Anchor.UNKNOWN
    fields = _FIELD.findall(found["rest"])
    if len(fields) > ROOT_FIELD:
        root = fields[ROOT_FIELD]
        anchor = anchor_of(Value(root, "$" not in root), ways.tree, state.mounts)
    ways.verifies("dm-verity", call, anchor)
    if anchor is Anchor.MEDIUM:
        return on(state, None)
    return _volume(ways, state, call, words[1] if len(words) > 1 else "", is_clear=anchor is not Anchor.UNKNOWN)


def _copied(ways: Ways, state: State, call: Call) -> Ends:
    """`cat policy > .../ima/policy`; any other copy verifies nothing."""
    targets = [ways.said(one.target, state).text for one in call.command.redirects if one.operator in (">", ">>")]
    outputs = [text.removeprefix("of=") for text in call.texts[1:] if text.startswith("of=")]
    sources = [text.removeprefix("if=") for text in call.texts[1:] if not text.startswith(("of=", "-"))]
    if any(target.endswith("/ima/policy") for target in (*targets, *outputs)):
        load_policy(ways, state, call, sources[-1] if sources else "")
    return on(state, None)


def _digests(ways: Ways, state: State, call: Call) -> Ends:
    """`sha256sum -c list`: worth as much as the list."""
    if not any(text in ("-c", "--check") or re.fullmatch(r"-[a-z]*c[a-z]*", text) for text in call.texts[1:]):
        return on(state, None)
    files = [text for text in call.texts[1:] if not text.startswith("-")]
    fed = [ways.said(one.target, state).text for one in call.command.redirects if one.operator == "<"]
    path = next(iter((*files, *fed)), "")
    if path:
        full = path if path.startswith("/") else f"{state.environment.folder or ''}/{path}"
        anchor = anchor_of_path(in_full(full), ways.tree, state.mounts)
        anchor = Anchor.SIGNED if Proof("signature", path) in state.proofs else anchor
    else:
        anchor = anchor_of(Value(ways.input or "$", "$" not in (ways.input or "$")), ways.tree, state.mounts)
    ways.verifies("a list of digests", call, anchor)
    if anchor is Anchor.MEDIUM:
        return on(state, None)
    return proved(state, call, Proof("unclear", call.text(0)) if anchor is Anchor.UNKNOWN else Proof("signed list"))


def _openssl(ways: Ways, state: State, call: Call) -> Ends:
    verb = call.text(1)
    is_verify = "-verify" in call.texts or (verb in ("cms", "smime", "pkeyutl", "rsautl") and "-verify" in call.texts)
    return _signature(ways, state, call) if is_verify else on(state, None)


def _gpg(ways: Ways, state: State, call: Call) -> Ends:
    asks = call.text(0).rpartition("/")[2] == "gpgv" or "--verify" in call.texts
    return _signature(ways, state, call) if asks else on(state, None)


def _signer(ways: Ways, state: State, call: Call) -> Ends:
    """minisign, signify, usign: `-V` verifies."""
    asks = any(re.fullmatch(r"-[A-Za-z]*V[A-Za-z]*", text) or text == "verify" for text in call.texts[1:])
    return _signature(ways, state, call) if asks else on(state, None)


def _signature(ways: Ways, state: State, call: Call) -> Ends:
    """A signature over a file, worth as much as the key that it is verified with."""
    texts = call.texts
    keys = [texts[place + 1] for place in range(1, len(texts) - 1) if _KEY.fullmatch(texts[place])]
    keys = [key for key in keys if key.startswith(("/", "$", "."))]
    anchors = [anchor_of_path(in_full(key), ways.tree, state.mounts) for key in keys] or [Anchor.UNKNOWN]
    anchor = Anchor.MEDIUM if Anchor.MEDIUM in anchors else anchors[0]
    ways.verifies("a signature", call, anchor)
    if anchor is Anchor.MEDIUM:
        return on(state, None)
    if anchor is Anchor.UNKNOWN and keys:
        return proved(state, call, Proof("unclear", texts[0]))
    return proved(state, call, Proof("signature", _signed(texts)))


def _signed(texts: Sequence[str]) -> str:
    """The file that the signature is over."""
    for option in ("-m", "-in", "-content"):
        if option in texts[1:-1]:
            return texts[texts.index(option) + 1]
    return texts[-1]


ROWS: dict[str, Command] = {
    "veritysetup": _veritysetup,
    "dmsetup": _dmsetup,
    **dict.fromkeys(("cat", "dd", "cp"), _copied),
    **dict.fromkeys(("sha1sum", "sha256sum", "sha384sum", "sha512sum", "md5sum", "b2sum"), _digests),
    "openssl": _openssl,
    **dict.fromkeys(("gpg", "gpgv", "gpg2"), _gpg),
    **dict.fromkeys(("minisign", "signify", "signify-openbsd", "usign"), _signer),
}
