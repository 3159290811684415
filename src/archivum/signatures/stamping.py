"""How a token is put together and signed (RFC 3161 §2.4.2, RFC 5652 §5)."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from archivum.signatures import TRIAL_POLICY, der
from archivum.signatures.request import message_imprint

_SHA256: Final = "2.16.840.1.101.3.4.2.1"  # RFC 5754 §2.2
_ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"  # RFC 5758 §3.2
_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"  # RFC 5652 §5.1
_TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"  # RFC 3161 §2.4.2
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"  # RFC 5652 §11.1
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"  # RFC 5652 §11.2
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"  # RFC 5035 §3

_ACCURACY_SECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class Signer:
    """A key with all those parts of a token, encoded, that are the same in each."""

    key: ec.EllipticCurvePrivateKey
    validity: tuple[datetime, datetime]
    sid: bytes
    certificates: bytes
    certificate_hash: bytes

    @classmethod
    def of(cls, key_pem: bytes, chain_pem: bytes) -> "Signer":
        """Read the two files.

        Raises:
            ValueError, TypeError: they are damaged or do not belong together.
        """
        key = load_pem_private_key(key_pem, None)
        chain = x509.load_pem_x509_certificates(chain_pem)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != chain[0].public_key():
            raise ValueError("private key ≠ certificate")
        encoded = [certificate.public_bytes(Encoding.DER) for certificate in chain]
        return cls(
            key,
            (chain[0].not_valid_before_utc, chain[0].not_valid_after_utc),
            der.sequence(chain[0].issuer.public_bytes(), der.integer(chain[0].serial_number)),
            der.set_of(*encoded, tag=0xA0),
            sha256(encoded[0]).digest(),
        )

    def stamp(self, imprint: bytes, instant: bytes) -> bytes:
        """Return the response for a digest at an encoded time (RFC 3161 §2.4.2)."""
        info = _tst_info(imprint, instant)
        status = der.sequence(der.integer(0))
        return der.sequence(status, der.sequence(der.oid(_SIGNED_DATA), der.tlv(0xA0, self._signed(info))))

    def _signed(self, info: bytes) -> bytes:
        """Return the SignedData of a TSTInfo; version 3, as its content is not plain data (RFC 5652 §5.1)."""
        enclosed = der.sequence(der.oid(_TST_INFO), der.tlv(0xA0, der.octets(info)))
        digest = der.sequence(der.oid(_SHA256))
        return der.sequence(
            der.integer(3),
            der.set_of(digest),
            enclosed,
            self.certificates,
            der.set_of(self._signer_info(info, digest)),
        )

    def _signer_info(self, info: bytes, digest: bytes) -> bytes:
        # ESSCertIDv2 with its default SHA-256 (RFC 5035 §4): SigningCertificateV2 { certs { hash } }
        certificate = der.sequence(der.sequence(der.sequence(der.octets(self.certificate_hash))))
        attributes = (
            _attribute(_CONTENT_TYPE, der.oid(_TST_INFO)),
            _attribute(_MESSAGE_DIGEST, der.octets(sha256(info).digest())),
            _attribute(_SIGNING_CERTIFICATE_V2, certificate),
        )
        # RFC 6979: no randomness, the same input gives the same signature
        algorithm = ec.ECDSA(SHA256(), deterministic_signing=True)
        signature = self.key.sign(der.set_of(*attributes), algorithm)
        return der.sequence(
            der.integer(1),
            self.sid,
            digest,
            der.set_of(*attributes, tag=0xA0),
            der.sequence(der.oid(_ECDSA_SHA256)),
            der.octets(signature),
        )


def _attribute(name: str, value: bytes) -> bytes:
    return der.sequence(der.oid(name), der.set_of(value))


def _tst_info(imprint: bytes, instant: bytes) -> bytes:
    # One digest at one time is one stamp; 127 bits, so that it is positive and fits (RFC 3161 §2.4.2).
    serial = int.from_bytes(sha256(imprint + instant).digest()[:16], "big") >> 1
    return der.sequence(
        der.integer(1),
        der.oid(TRIAL_POLICY),
        message_imprint(imprint),
        der.integer(serial),
        instant,
        der.sequence(der.integer(_ACCURACY_SECONDS)),
    )
