"""The certificates of a new trial authority: a root, and one that may stamp (RFC 3161 §2.3, RFC 5280 §4)."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_NAME: Final = "archivum TRIAL ROOT / ZKUŠEBNÍ kořen"
WARNING: Final = "TRIAL, NOT QUALIFIED / ZKUŠEBNÍ, NEKVALIFIKOVANÉ"

# Longer than any trial; stamps made within it stay valid after it (RFC 3161 Appendix B).
LIFE: Final = timedelta(days=50 * 365)
# Clocks differ: a stamp may be asked for a little before the authority was made.
SLACK: Final = timedelta(days=1)

_Extensions = tuple[tuple[x509.ExtensionType, bool], ...]


def new_authority(name: str, at: datetime, archive_id: UUID) -> tuple[bytes, bytes]:
    """Return a new key, and its certificate with the root's, in PEM."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, own_name = _name(ROOT_NAME, archive_id), _name(name, archive_id)
    root = _certificate(root_name, root_name, root_key, root_key, at, _root_extensions())
    own = _certificate(own_name, root_name, key, root_key, at, _own_extensions())
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        own.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM),
    )


def _name(common: str, archive_id: UUID) -> x509.Name:
    parts = {
        NameOID.ORGANIZATION_NAME: WARNING,
        NameOID.ORGANIZATIONAL_UNIT_NAME: str(archive_id),
        NameOID.COMMON_NAME: common,
    }
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts.items()])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    at: datetime,
    extensions: _Extensions,
) -> x509.Certificate:
    first = at.astimezone(UTC).replace(microsecond=0) - SLACK
    builder = x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number(), first, first + LIFE
    )
    identifiers = (
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
    )
    for value, critical in (*extensions, *((identifier, False) for identifier in identifiers)):
        builder = builder.add_extension(value, critical)
    return builder.sign(issuer_key, SHA256())


def _root_extensions() -> _Extensions:
    return (x509.BasicConstraints(ca=True, path_length=0), True), (_usage(key_cert_sign=True), True)


def _own_extensions() -> _Extensions:
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True), True),
        # RFC 3161 §2.3: this purpose alone, and critical
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
