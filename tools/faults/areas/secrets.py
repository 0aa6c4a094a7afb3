"""Private keys, credentials, certificates, and what is alike in every copy."""

from fault import Fault

FAULTS = (
    Fault(
        "formats/credential.py",
        '|\\"\\s)")',
        '|\\")")',
        "tests/formats/test_credential_address.py",
        "a line of JSON that begins with a quote taken for a comment",
    ),
    Fault(
        "facts/samba_passwords.py",
        "if self._hashes[password] == nt:",
        "if False:",
        "tests/facts/test_samba.py",
        "an NT hash that is not tried with the passwords that everybody tries first",
    ),
    Fault(
        "facts/layers.py",
        "for layer in layers.layers if isinstance(layers, Layers) else ():",
        "for layer in ():",
        "tests/checks/life/test_image_sameness.py",
        "what a state partition shows at a place of the root not looked at",
    ),
    Fault(
        "formats/elf_data.py",
        "return (*kept, (last, size)) if last < size else tuple(kept)",
        "return tuple(kept)",
        "tests/formats/test_elf_data.py",
        "what is appended to a program is not searched",
    ),
    Fault(
        "formats/elf_data.py",
        "if length != (64 if wide else 40) or not table",
        "if not table",
        "tests/formats/test_elf_data.py",
        "a section table with rows of any size believed",
    ),
    Fault(
        "formats/key_pair.py",
        "first * second != modulus",
        "first * second == 0",
        "tests/formats/test_private_key.py",
        "numbers that do not fit together are taken for a key",
    ),
    Fault(
        "formats/private_key.py",
        'locked=heads[0] != b"none"',
        "locked=False",
        "tests/formats/test_private_key.py",
        "a key under a passphrase is told as an open one",
    ),
    Fault(
        "formats/credential_value.py",
        "if form.search(value) or value.lower() in _NO_VALUE or value.lower() == name.lower():",
        "if value.lower() == name.lower():",
        "tests/formats/test_credential_assigned.py",
        "variables and forms to fill in are told as passwords",
    ),
    Fault(
        "facts/contents.py",
        "                self._piece(entry, base, data)\n        except Unavailable as reason:\n"
        "            self._unread.append(str(reason))\n",
        "                self._piece(entry, base, data)\n        except Unavailable as reason:\n"
        "            del reason\n",
        "tests/test_every_loss.py -k private-key-embedded",
        "a file that cannot be read makes a pass",
    ),
    Fault(
        "facts/private_keys.py",
        'and not line.lstrip().startswith(("#", ";", "//"))',
        "",
        "tests/checks/secrets",
        "a comment counts as a use of the key",
    ),
    Fault(
        "checks/secrets/certificate_weak.py",
        "words = row.words(case) if row.of_roots or not one.anchor else None",
        "words = row.words(case)",
        "tests/checks/secrets",
        "trusted roots are judged",
    ),
    Fault(
        "facts/sameness.py",
        'Shared("password-hash", account.password_at, account.name)',
        'Shared("hostname", account.password_at, account.name)',
        "tests/checks/life/test_image_sameness.py",
        "a password alike in every copy is not told as one",
    ),
    Fault(
        "facts/secret_search.py",
        'if count[_folder(one.at.path or "")] >= BUNDLE and one.certificate.is_authority',
        'if count[_folder(one.at.path or "")] >= BUNDLE',
        "tests/checks/secrets/test_certificate_weak.py",
        "a server's certificate among many roots is taken for one",
    ),
    Fault(
        "formats/credential_address.py",
        "if _SET_ASIDE.search(host) and not looks_random(password):",
        "if False:",
        "tests/formats/test_credential_address.py",
        "passwords of documentation are told",
    ),
    Fault(
        "formats/credential_assigned.py",
        "yield _IN_HEADER_OF_CODE if style is Style.CODE else _IN_HEADER",
        "yield _IN_HEADER",
        "tests/formats/test_credential_assigned.py",
        "headers in comments and documents are told",
    ),
)
