"""What an RFC 3161 authority is asked."""

from typing import Final

from archivum.signatures import der

_SHA512: Final = "2.16.840.1.101.3.4.2.3"  # RFC 5754 §2.4


def time_stamp_request(imprint: bytes, nonce: int, policy: str = "") -> bytes:
    """Return a TimeStampReq that asks for the certificate as well (RFC 3161 §2.4.1)."""
    return der.sequence(
        der.integer(1),
        message_imprint(imprint),
        der.oid(policy) if policy else b"",
        der.integer(nonce),
        der.TRUE,
    )


def message_imprint(imprint: bytes) -> bytes:
    """Return a MessageImprint of a SHA-512 digest (RFC 3161 §2.4.1)."""
    return der.sequence(der.sequence(der.oid(_SHA512)), der.octets(imprint))
