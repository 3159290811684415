"""The certificates of a time-stamping authority: what they allow, and the path to an anchor (RFC 5280)."""

import binascii
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from asn1crypto import x509 as lenient
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from archivum.model import Verdict
from archivum.plain import instant

_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)

# What `cryptography` raises for certificates that are damaged, or lawful but unknown to it.
_UNUSABLE: Final = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion)

# Critical extensions whose meaning is obeyed here; policies need none, as no policy is asked for.
_OBEYED: Final = frozenset(
    {"basic_constraints", "key_usage", "extended_key_usage", "certificate_policies", "subject_alt_name"}
)


@dataclass(frozen=True, slots=True)
class Extensions:
    """The extensions that matter here (RFC 5280 §4.2.1); None where the certificate does not have one.

    ``critical`` names all that are; ``depth`` is the path length of an authority.
    """

    critical: frozenset[str]
    usage: frozenset[str] | None
    purposes: tuple[str, ...] | None
    authority: bool | None
    depth: int | None


@lru_cache(maxsize=256)
def read_extensions(certificate: x509.Certificate) -> Extensions:
    """Return a certificate's extensions.

    Read by asn1crypto: `cryptography` refuses them all for one lapse in their encoding, as real ones have.

    Raises:
        ValueError: they cannot be read, or one stands there twice.
    """
    try:
        found = lenient.Certificate.load(certificate.public_bytes(Encoding.DER), strict=True)
        values = {one["extn_id"].native: one for one in found["tbs_certificate"]["extensions"]}
        if len(values) != len(found["tbs_certificate"]["extensions"]):
            raise ValueError("an extension twice")
        parsed = {name: one["extn_value"].native for name, one in values.items() if name in _OBEYED}
        basic = parsed.get("basic_constraints")
        return Extensions(
            frozenset(name for name, one in values.items() if one["critical"].native),
            frozenset(parsed["key_usage"]) if "key_usage" in parsed else None,
            tuple(parsed["extended_key_usage"]) if "extended_key_usage" in parsed else None,
            None if basic is None else basic["ca"],
            None if basic is None else basic["path_len_constraint"],
        )
    except Exception as error:  # whatever asn1crypto raises for damaged bytes
        raise ValueError("extensions") from error


def read_der(data: bytes) -> x509.Certificate | None:
    """Return a certificate, or None if it cannot be used."""
    try:
        return x509.load_der_x509_certificate(data)
    except _UNUSABLE:
        return None


@lru_cache(maxsize=8)
def read_pem(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates in a PEM text, those left out that cannot be used."""
    found = []
    for block in _PEM.findall(pem):
        with suppress(binascii.Error):
            found.append(read_der(binascii.a2b_base64(block)))
    return tuple(certificate for certificate in found if certificate)


@lru_cache(maxsize=8)
def read_anchors(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM text to trust: the self-issued ones, or the last if there is none."""
    certificates = read_pem(pem)
    return tuple(filter(_self_issued, certificates)) or certificates[-1:]


def _self_issued(certificate: x509.Certificate) -> bool:
    try:
        return certificate.subject == certificate.issuer
    except _UNUSABLE:
        return False


def common_name(certificate: x509.Certificate) -> str:
    """Return the common name of the subject, or all of its name."""
    try:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if names else certificate.subject.rfc4514_string()
    except _UNUSABLE:
        return ""


def issuer_name(certificate: x509.Certificate) -> str:
    """Return the whole name of the issuer (RFC 4514)."""
    try:
        return certificate.issuer.rfc4514_string()
    except _UNUSABLE:
        return ""


def has_name(certificate: x509.Certificate, issuer: bytes, serial: int | None, key_id: bytes | None) -> bool:
    """Whether a SignerIdentifier (RFC 5652 §5.3) means this certificate."""
    try:
        if serial is not None:
            return certificate.serial_number == serial and certificate.issuer.public_bytes() == issuer
        known = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (*_UNUSABLE, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False
    return known.value.digest == key_id


def valid_at(certificate: x509.Certificate, at: datetime) -> bool:
    """Whether a time lies in the certificate's validity (RFC 5280 §4.1.2.5: both ends belong to it)."""
    return certificate.not_valid_before_utc <= at.replace(microsecond=0) <= certificate.not_valid_after_utc


def fault(certificate: x509.Certificate, at: datetime) -> tuple[Verdict, str]:
    """Return whether a certificate may stamp at a time and, in the standard's words, what says no."""
    try:
        first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        known = read_extensions(certificate)
    except ValueError as error:
        return Verdict.INDETERMINATE, str(error)
    if not valid_at(certificate, at):
        return Verdict.FAILED, f"validity: {instant(first)}/{instant(last)}"
    # RFC 3161 §2.3: exactly this one purpose, and critical
    if known.purposes != ("time_stamping",) or "extended_key_usage" not in known.critical:
        return Verdict.FAILED, "extKeyUsage"
    if known.usage is not None and not known.usage & {"digital_signature", "non_repudiation"}:
        return Verdict.FAILED, "keyUsage"
    return Verdict.PASSED, ""


def path(
    certificate: x509.Certificate,
    others: Iterable[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    at: datetime,
) -> tuple[x509.Certificate, ...]:
    """Return a certificate with those above it up to an anchor, valid at a time; empty if there is no path.

    RFC 5280 §6.1 without revocation, names' constraints and policies: a certificate that makes one of these
    critical has no path. An anchor is trusted as it is, whatever its validity (§6.1.1 d).
    """
    pool = list(dict.fromkeys((*anchors, *others)))
    stack: list[tuple[x509.Certificate, ...]] = [(certificate,)]
    tried = {certificate}
    while stack:
        way = stack.pop()
        if way[-1] in anchors:
            return way
        for issuer in pool:
            if issuer not in tried and _issued(way[-1], issuer, at, len(way) - 1, trusted=issuer in anchors):
                tried.add(issuer)
                stack.append((*way, issuer))
    return ()


def _issued(
    certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, below: int, *, trusted: bool
) -> bool:
    """Whether one certificate lawfully issued another that has so many authorities below it."""
    try:
        if certificate.issuer != issuer.subject:
            return False
        certificate.verify_directly_issued_by(issuer)
        if not read_extensions(certificate).critical <= _OBEYED:
            return False
        return _may_issue(issuer, below, trusted=trusted) and (trusted or valid_at(issuer, at))
    except _UNUSABLE:
        return False


def _may_issue(issuer: x509.Certificate, below: int, *, trusted: bool) -> bool:
    """Whether a certificate is an authority's (RFC 5280 §6.1.4 k-n); an anchor of X.509 v1 cannot say so."""
    known = read_extensions(issuer)
    if known.authority is None:
        return trusted and issuer.version is x509.Version.v1
    return (
        known.authority
        and (known.depth is None or below <= known.depth)
        and (known.usage is None or "key_cert_sign" in known.usage)
    )
