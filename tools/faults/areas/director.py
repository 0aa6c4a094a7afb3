"""The director by command: who may order, what, and that a device gets its old order or its new one."""

from fault import Fault

DIRECTION = "tests/signing/test_direction.py"
COMMAND = "tests/cli/test_release_director.py"
PUT_IN = "tests/build/client/test_put_in.py"
TRUSTED = "tests/build/client/test_trusted_root.py"

FAULTS = (
    Fault(
        "signing/release/direction.py",
        "    if not is_device(device):\n",
        "    if False:\n",
        f"{DIRECTION} {COMMAND}",
        "a device's name leads out of the repository",
    ),
    Fault(
        "signing/release/direction.py",
        "        _chained([*before, made])\n",
        "",
        DIRECTION,
        "a stranger makes the director's next root",
    ),
    Fault(
        "signing/release/direction.py",
        "    if version not in (None, manifest.version):\n",
        "    if False:\n",
        f"{DIRECTION} {COMMAND}",
        "another version is ordered than was meant",
    ),
    Fault(
        "signing/release/direction.py",
        "    if manifest is None:\n",
        "    if False:\n",
        f"{DIRECTION} {COMMAND}",
        "an order for what nobody offers ends in a traceback",
    ),
    Fault(
        "signing/release/direction.py",
        "    if len(ids) < wanted:\n",
        "    if False:\n",
        f"{DIRECTION} {COMMAND}",
        "a key that was rotated away signs orders, which devices refuse",
    ),
    Fault(
        "signing/release/direction.py",
        "            _rehearse(shelf, device, roots, written, by.now)\n",
        "",
        DIRECTION,
        "what a device refuses is published",
    ),
    Fault(
        "signing/release/direction.py",
        "        with suppress(TrustError):  # as",
        "        with suppress():  # as",
        DIRECTION,
        "an interrupted change of roots cannot be gone on with",
    ),
    Fault(
        "signing/release/direction.py",
        "        _agreed(told.refreshed(WHENEVER), device)\n    except",
        "        told.refreshed(WHENEVER)\n    except",
        DIRECTION,
        "another device's order is renewed as this one's",
    ),
    Fault(
        "signing/release/direction.py",
        "            written = {**made, **_root_files(roots), **last}\n",
        "            written = {**last, **made, **_root_files(roots)}\n",
        DIRECTION,
        "a device sees a timestamp of what is not there yet",
    ),
    Fault(
        "signing/release/direction.py",
        "            written = {**made, **_root_files(roots), **last}\n",
        "            written = {**made, **last}\n",
        DIRECTION,
        "a device that was told something before misses the roots since",
    ),
    Fault(
        "signing/release/direction.py",
        "            _tidy(shelf, where, version - 2)\n",
        "",
        DIRECTION,
        "the files of years of orders stay",
    ),
    Fault(
        "signing/release/direction.py",
        "            _tidy(shelf, where, version - 2)\n",
        "            _tidy(shelf, where, version)\n",
        DIRECTION,
        "what the timestamp names is gone",
    ),
    Fault(
        "signing/release/direction.py",
        "        if key.state == RETIRED and",
        "        if False and",
        DIRECTION,
        "devices do not follow the root of a new root key",
    ),
    Fault(
        "signing/release/direction.py",
        "lambda _: None, by)",
        "lambda device: _said(Shelf(repository), device, _roots(Shelf(repository))), by)",
        f"{DIRECTION} {COMMAND}",
        "who is told to stay is told to go",
    ),
    Fault(
        "signing/changes.py",
        "needed = key.role in ROOTS and",
        "needed = key.role == Role.UPDATE_ROOT and",
        DIRECTION,
        "the director's root key is revoked before it could name its successor",
    ),
    Fault(
        "build/client/put_in.py",
        '        "director": update.director,\n',
        "",
        PUT_IN,
        "a device whose policy asks for orders installs without",
    ),
    Fault(
        "build/client/put_in.py",
        '        "floor": boot.floor or "",\n',
        "",
        PUT_IN,
        "the floor is kept elsewhere than the policy says",
    ),
    Fault(
        "build/client/put_in.py",
        '        "grace": update.grace or "",\n',
        "",
        PUT_IN,
        "the grace of the policy never reaches a device",
    ),
    Fault(
        "build/client/trusted_root.py",
        "    if is_ordered and given is None:\n",
        "    if False:\n",
        TRUSTED,
        "a device that waits for orders has nobody to believe, and never updates",
    ),
    Fault(
        "build/client/trusted_root.py",
        "    if given is not None and not is_ordered:\n",
        "    if False:\n",
        TRUSTED,
        "a director's root is given, and nobody looks at it",
    ),
)
