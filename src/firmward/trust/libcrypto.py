"""OpenSSL's libcrypto through ctypes: the very library that Python's hashlib is linked to, 1.1.1 or later.

It is reached through the extension module that links to it. So nothing is searched for, and no other library can be
put in its place by a path. Where hashlib is built in, the program itself has it.
"""

import ctypes
from ctypes import c_char_p, c_int, c_long, c_size_t, c_void_p
from functools import cache

from firmward.trust.public_key import ECDSA_P256, ED25519, RSA_PSS

_PSS = ((b"rsa_padding_mode", b"pss"), (b"rsa_pss_saltlen", b"auto"))
_FUNCTIONS = {
    # name: result, arguments
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
    place = c_char_p(der)
    key = library.d2i_PUBKEY(None, ctypes.byref(place), len(der))
    context = library.EVP_MD_CTX_new()
    try:
        return bool(key and context) and _holds(library, c_void_p(key), c_void_p(context), scheme, signature, message)
    finally:
        library.EVP_MD_CTX_free(context)
        library.EVP_PKEY_free(key)
        library.ERR_clear_error()  # the queue is the thread's, and ssl reads it too


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
