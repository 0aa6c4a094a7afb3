"""PE files, Authenticode, signed messages, the path to an anchor, EFI's variables, secure boot."""

from fault import Fault

PE, CMS, AUTHENTICODE = "tests/formats/test_pe.py", "tests/formats/test_cms.py", "tests/formats/test_authenticode.py"
PATH, VARIABLES = "tests/formats/test_x509_path.py", "tests/formats/test_efi_variables.py"
SECURE_BOOT, UKI = "tests/formats/test_secure_boot.py", "tests/formats/test_uki.py"

FAULTS = (
    Fault(
        "formats/pe.py",
        "    pieces.append((counted, program.file_size - table.size))\n",
        "",
        f"{PE} {AUTHENTICODE}",
        "what is appended to a program is not in its digest",
    ),
    Fault(
        "formats/pe.py",
        "key=lambda one: one.offset):",
        "key=lambda one: one.address):",
        PE,
        "sections are hashed in another order than firmware's",
    ),
    Fault(
        "formats/pe.py",
        "if counted + table.size > program.file_size:",
        "if False:",
        PE,
        "a certificate table may lie over sections",
    ),
    Fault(
        "formats/cms.py",
        "        if signer.signed:\n            _compare(message, signer, digest)",
        "        if signer.signed:",
        CMS,
        "signed attributes are not held against the content",
    ),
    Fault(
        "formats/cms.py",
        "return Verdict(True, certificate) if _holds(signer, certificate, digest) else",
        "return Verdict(True, certificate) if certificate else",
        f"{CMS} {AUTHENTICODE}",
        "no signature is verified",
    ),
    Fault(
        "formats/x509_path.py",
        'return None if issuer.may_issue else "the issuer of the last one is no CA"',
        "return None",
        PATH,
        "any certificate issues others",
    ),
    Fault(
        "formats/x509_path.py",
        "if not is_issued_by(certificate, issuer):",
        "if certificate.issuer != issuer.subject:",
        PATH,
        "a name alone makes an issuer",
    ),
    Fault(
        "formats/authenticode.py",
        "is_valid = digest is not None and digest == found.claimed",
        "is_valid = digest is not None",
        AUTHENTICODE,
        "the digest that was signed is not the file's and is taken for it",
    ),
    Fault(
        "formats/efi_variables.py",
        "return tuple((leaving | added).values()), problem",
        "return tuple((added | leaving).values()), problem",
        VARIABLES,
        "the old value of a variable counts beside the new one",
    ),
    Fault(
        "formats/secure_boot.py",
        "    if own & revoked:\n",
        "    if False:\n",
        SECURE_BOOT,
        "a digest in dbx refuses nothing",
    ),
    Fault(
        "formats/secure_boot.py",
        "counts = store.origin is not Origin.UBOOT or is_built_in",
        "counts = True",
        SECURE_BOOT,
        "keys in U-Boot's file on the medium count",
    ),
    Fault(
        "formats/secure_boot.py",
        "firmware_sees = [one for one in signatures if not one.is_nested]",
        "firmware_sees = list(signatures)",
        SECURE_BOOT,
        "a nested signature, which firmware does not see, starts a program",
    ),
    Fault(
        "formats/pe.py",
        'if texts is not None and name[:1] == b"/" and name[1:].isdigit():',
        "if False:",
        "tests/formats/test_pe.py tests/formats/test_shim.py",
        "a section with a long name is not found",
    ),
    Fault(
        "formats/shim.py",
        "return Vendor(_entries(data, allowed_at, allowed), _entries(data, revoked_at, revoked))",
        "return Vendor(_entries(data, allowed_at, allowed), ())",
        "tests/formats/test_shim.py",
        "what shim's maker revoked is not read",
    ),
    Fault(
        "formats/uki.py",
        "return own or tuple(",
        "return tuple(",
        UKI,
        "what a profile brings does not take the place of the base's",
    ),
)
