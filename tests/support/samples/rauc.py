from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made, run

MANIFEST = """[update]
compatible=board
version=1.2
[bundle]
format={form}
[image.rootfs]
filename={filename}
"""


def lay_key(folder: Path) -> tuple[Path, Path]:
    """A certificate and its key, for tests only."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    if not key.exists():
        words = ("-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=test")
        run("openssl", "req", "-x509", *words, "-keyout", key, "-out", certificate)
    return certificate, key


def bundle(folder: Path, form: str, images: dict[str, bytes]) -> bytes:
    """A bundle as `rauc bundle` writes it; the first image goes to the slot."""
    certificate, key = lay_key(folder)
    content = folder / f"content-{form}"
    content.mkdir(exist_ok=True)
    for name, data in images.items():
        (content / name).write_bytes(data)
    (content / "manifest.raucm").write_text(MANIFEST.format(form=form, filename=next(iter(images))))
    return made(folder, ("rauc", "--cert", certificate, "--key", key, "bundle", content, "OUT"))


def casync_bundle(folder: Path, images: dict[str, bytes]) -> bytes:
    """A bundle as `rauc convert` writes it: an index by casync for each image, whose chunks stay outside."""
    certificate, key = lay_key(folder)
    plain = folder / "plain.raucb"
    plain.write_bytes(bundle(folder, "plain", images))
    run("casync", "--version")
    signing = ("--cert", certificate, "--key", key, "--keyring", certificate)
    return made(folder, ("rauc", *signing, "convert", "--trust-environment", plain, "OUT"))


def root_image(folder: Path) -> bytes:
    return made(folder, ("mksquashfs", lay_root(folder), "OUT", "-quiet", "-no-progress"))


def samples(folder: Path) -> Iterator[bytes]:
    image = root_image(folder)
    for form in ("plain", "verity"):
        yield bundle(folder, form, {"rootfs.img": image})
