"""Which algorithms a signature may use, and whether it was made by a key."""

from hashlib import new as new_digest
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import Certificate

from archivum.model import Verdict
from archivum.signatures.token import Signature

HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha3_224": hashes.SHA3_224,
    "sha3_256": hashes.SHA3_256,
    "sha3_384": hashes.SHA3_384,
    "sha3_512": hashes.SHA3_512,
}

# The digest that an imprint of so many bytes is taken to be.
IMPRINTS: Final = {20: "sha1", 28: "sha224", 32: "sha256", 48: "sha384", 64: "sha512"}

# Collisions can be made (SHA-1) and moduli factored with effort (ETSI TS 119 312 §5.2, §6.2.2).
_WEAK_HASHES: Final = ("md5", "sha1")
_RSA_BITS: Final = 2048


def digest(algorithm: str, data: bytes) -> bytes | None:
    """Return a digest, or None for an algorithm that is not known here."""
    return new_digest(algorithm, data).digest() if algorithm in HASHES else None


def weakness(certificate: Certificate, *algorithms: str) -> str:
    """Return what no longer proves anything in a signature by this key with these digests; "" if all does."""
    for algorithm in algorithms:
        if algorithm in _WEAK_HASHES:
            return algorithm
    key = certificate.public_key()
    return f"RSA {key.key_size}" if isinstance(key, rsa.RSAPublicKey) and key.key_size < _RSA_BITS else ""


def signed_by(certificate: Certificate, signature: Signature, message: bytes) -> Verdict:
    """Return whether the certificate's key made a signature over a message.

    Indeterminate where the algorithm is not known here. A signature algorithm that names another hash than
    the digest algorithm does is failed, as is a key of another kind.
    """
    wanted = (signature.digest, signature.hash, *([signature.mask] if signature.mask else []))
    if any(name not in HASHES for name in wanted):
        return Verdict.INDETERMINATE
    if signature.hash != signature.digest:
        return Verdict.FAILED
    try:
        return _verify(certificate, signature, message)
    except (InvalidSignature, ValueError, TypeError):
        return Verdict.FAILED
    except UnsupportedAlgorithm:
        return Verdict.INDETERMINATE


def _verify(certificate: Certificate, signature: Signature, message: bytes) -> Verdict:
    key, algorithm = certificate.public_key(), HASHES[signature.hash]()
    match signature.scheme, key:
        case "rsassa_pkcs1v15", rsa.RSAPublicKey():
            key.verify(signature.value, message, padding.PKCS1v15(), algorithm)
        case "rsassa_pss", rsa.RSAPublicKey():
            mask = padding.MGF1(HASHES[signature.mask]())
            key.verify(signature.value, message, padding.PSS(mask, signature.salt), algorithm)
        case "ecdsa", ec.EllipticCurvePublicKey():
            key.verify(signature.value, message, ec.ECDSA(algorithm))
        case "ed25519", ed25519.Ed25519PublicKey():
            key.verify(signature.value, message)
        case (("rsassa_pkcs1v15" | "rsassa_pss" | "ecdsa" | "ed25519"), _):
            return Verdict.FAILED
        case _:
            return Verdict.INDETERMINATE
    return Verdict.PASSED
