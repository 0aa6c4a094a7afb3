"""OpenSSL's libcrypto through ctypes: the very library that Python's hashlib is linked to, 1.1.1 or later.

It is reached through the extension module that links to it. So nothing is searched for, and no other library can be
put in its place by a path. Where hashlib is built in, the program itself has it.

An Ed25519 key is given as its 32 bytes: reading it as DER would have OpenSSL look for decoders, which takes as long as
half of a signature, and the first time as long as a whole one (docs/adr/017).
"""

import ctypes
from ctypes import c_char_p, c_int, c_long, c_size_t, c_void_p
from functools import cache

from firmward.trust.public_key import ECDSA_P256, ED25519, RSA_PSS, is_ed25519

_PSS = ((b"rsa_padding_mode", b"pss"), (b"rsa_pss_saltlen", b"auto"))
_ED25519_NUMBER = 1087
"""NID_ED25519, which is the same in all versions."""
_ED25519_SIZE = 32
_FUNCTIONS = {
    # name: result, arguments
    "EVP_PKEY_new_raw_public_key": (c_void_p, (c_int, c_void_p, c_char_p, c_size_t)),
    "d2i_PUBKEY": (c_void_p, (c_void_p, c_void_p, c_long)),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_MD_CTX_new": (c_void_p, ()),
    "EVP_MD_CTX_free": (None, (c_void_p,)),
    "EVP_sha256": (c_void_p, ()),
    "EVP_DigestVerifyInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_PKEY_CTX_ctrl_str": (c_int, (c_void_p, c_char_p, c_char_p)),
    "EVP_DigestVerify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    "ERR_clear_error": (None, ()),
}


def is_there() -> bool:
    return _library() is not None


def holds(der: bytes, scheme: str, signature: bytes, message: bytes) -> bool:
    """`der` is a SubjectPublicKeyInfo of the kind that the scheme asks for (public_key.py)."""
    library = _library()
    if library is None or scheme not in (ED25519, ECDSA_P256, RSA_PSS):
        return False
    key = _key(library, der, scheme)
    context = library.EVP_MD_CTX_new()
    try:
        return bool(key and context) and _holds(library, c_void_p(key), c_void_p(context), scheme, signature, message)
    finally:
        library.EVP_MD_CTX_free(context)
        library.EVP_PKEY_free(key)
        library.ERR_clear_error()  # the queue is the thread's, and ssl reads it too


def _key(library: ctypes.CDLL, der: bytes, scheme: str) -> int | None:
    """None where it is none."""
    if scheme == ED25519 and is_ed25519(der):
        made = library.EVP_PKEY_new_raw_public_key(_ED25519_NUMBER, None, der[-_ED25519_SIZE:], _ED25519_SIZE)
    else:
        place = c_char_p(der)
        made = library.d2i_PUBKEY(None, ctypes.byref(place), len(der))
    return None if made is None else int(made)


def _holds(
    library: ctypes.CDLL, key: c_void_p, context: c_void_p, scheme: str, signature: bytes, message: bytes
) -> bool:
    settings = c_void_p()  # belongs to the context
    digest = None if scheme == ED25519 else library.EVP_sha256()
    if library.EVP_DigestVerifyInit(context, ctypes.byref(settings), digest, None, key) != 1:
        return False
    for name, value in _PSS if scheme == RSA_PSS else ():
        if library.EVP_PKEY_CTX_ctrl_str(settings, name, value) != 1:
            return False
    return bool(library.EVP_DigestVerify(context, signature, len(signature), message, len(message)) == 1)


@cache
def _library() -> ctypes.CDLL | None:
    try:
        import _hashlib

        library = ctypes.CDLL(getattr(_hashlib, "__file__", None))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (ImportError, OSError, AttributeError):
        return None
    return library
