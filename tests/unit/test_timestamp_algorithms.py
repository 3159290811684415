"""Signatures by every kind of key that an authority may have."""

from datetime import UTC, datetime
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from archivum.model import Verdict
from archivum.signatures.algorithms import signed_by, weakness
from archivum.signatures.token import Signature

MESSAGE = b"signed attributes"
AT = datetime(2026, 11, 23, tzinfo=UTC)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@cache
def keys() -> dict[str, Key]:
    return {
        "rsa": rsa.generate_private_key(65537, 2048),
        "small": rsa.generate_private_key(65537, 1024),
        "ec": ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
    }


@cache
def certificate(kind: str) -> x509.Certificate:
    key, name = keys()[kind], x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kind)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, AT, AT)
    return builder.sign(key, None if kind == "ed25519" else hashes.SHA256())


def sign(scheme: str) -> bytes:
    rsa_key, ec_key, ed_key = (keys()[kind] for kind in ("rsa", "ec", "ed25519"))
    assert isinstance(rsa_key, rsa.RSAPrivateKey)
    assert isinstance(ec_key, ec.EllipticCurvePrivateKey)
    assert isinstance(ed_key, ed25519.Ed25519PrivateKey)
    match scheme:
        case "rsassa_pkcs1v15":
            return rsa_key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA512())
        case "rsassa_pss":
            return rsa_key.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), 20), hashes.SHA512())
        case "ecdsa":
            return ec_key.sign(MESSAGE, ec.ECDSA(hashes.SHA512()))
        case _:
            return ed_key.sign(MESSAGE)


KINDS = {"rsassa_pkcs1v15": "rsa", "rsassa_pss": "rsa", "ecdsa": "ec", "ed25519": "ed25519"}


def signature(scheme: str, *, digest: str = "sha512", hash_: str = "sha512", salt: int = 20) -> Signature:
    return Signature(sign(scheme), digest, scheme, hash_, "sha256" if scheme == "rsassa_pss" else "", salt)


@pytest.mark.parametrize("scheme", KINDS)
def test_signature_holds_for_its_message_and_key_only(scheme: str) -> None:
    how = signature(scheme)
    for kind in ("rsa", "ec", "ed25519"):
        expected = Verdict.PASSED if kind == KINDS[scheme] else Verdict.FAILED
        assert signed_by(certificate(kind), how, MESSAGE) is expected
    assert signed_by(certificate(KINDS[scheme]), how, MESSAGE + b"!") is Verdict.FAILED


def test_salt_of_another_length() -> None:
    assert signed_by(certificate("rsa"), signature("rsassa_pss", salt=32), MESSAGE) is Verdict.FAILED


def test_signature_algorithm_must_name_the_hash_that_is_used() -> None:
    how = signature("rsassa_pkcs1v15", digest="sha256")
    assert signed_by(certificate("rsa"), how, MESSAGE) is Verdict.FAILED


@pytest.mark.parametrize(
    "how",
    [
        Signature(b"", "sha512", "dsa", "sha512"),
        Signature(b"", "sha512", "1.2.3.4", "sha512"),
        Signature(b"", "md5", "rsassa_pkcs1v15", "md5"),
        Signature(b"", "sha512", "rsassa_pss", "sha512", "shake256", 20),
    ],
)
def test_unknown_algorithm_is_neither_right_nor_wrong(how: Signature) -> None:
    assert signed_by(certificate("rsa"), how, MESSAGE) is Verdict.INDETERMINATE


def test_what_no_longer_proves_anything_is_named() -> None:
    assert weakness(certificate("rsa"), "sha256", "sha512") == ""
    assert weakness(certificate("ec"), "sha512") == ""
    assert weakness(certificate("rsa"), "sha256", "sha1") == "sha1"
    assert weakness(certificate("small"), "sha256") == "RSA 1024"
