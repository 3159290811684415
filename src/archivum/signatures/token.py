"""A time-stamp token read into plain values: RFC 3161 §2.4.2 in a CMS SignedData (RFC 5652 §5).

Reading is lenient about how things are encoded (BER, order, what else lies in the set of certificates) and
strict about what a time-stamp is.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asn1crypto import cms, core, parser, tsp

from archivum.signatures import der

# Real tokens have 2 to 10 kB; asn1crypto joins the chunks of BER strings in quadratic time.
MAX_BYTES: Final = 1 << 20
# Real tokens embed 1 to 5; the search for a path looks at each.
MAX_CERTIFICATES: Final = 32
# RFC 3161 §2.4.2 wants 160 bits to be accommodated; RFC 5280 §4.1.2.2 allows certificates no more.
MAX_SERIAL_BITS: Final = 256


class _Response(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """TimeStampResp; asn1crypto's own insists on a token, which a refusal does not have."""

    _fields = [  # noqa: RUF012 (asn1crypto's way)
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class Unreadable(Exception):
    """The bytes are not a time-stamp; the argument says why, in the words of the standard."""


@dataclass(frozen=True, slots=True)
class Response:
    """A TimeStampResp: ``status`` 0 and 1 are granted; ``reason`` is what the authority says otherwise."""

    status: int
    reason: str
    token: bytes | None


@dataclass(frozen=True, slots=True)
class Signature:
    """How the token is signed; algorithms as asn1crypto names them, else dotted.

    ``scheme`` is ``rsassa_pkcs1v15``, ``rsassa_pss``, ``ecdsa``, ``ed25519`` or unknown; ``hash`` is the one
    that the signature's own algorithm names, or the digest's if it names none. ``mask`` and ``salt`` belong
    to ``rsassa_pss`` (RFC 8017 §8.1).
    """

    value: bytes
    digest: str
    scheme: str
    hash: str
    mask: str = ""
    salt: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """What stands in a token. ``info`` is the TSTInfo as it was signed; ``critical`` its critical extensions.

    ``attributes`` are the signed attributes, each as encoded, in the order of the file; ``content_types``,
    ``digests`` and ``certificate_hashes`` (algorithm, digest) are the values of those that matter here.
    ``issuer`` (DER of the name) with ``issuer_serial``, or ``key_id``, name the signing certificate.
    """

    info: bytes
    imprint_algorithm: str
    imprint: bytes
    policy: str
    serial: int
    time: datetime
    accuracy: timedelta | None
    nonce: int | None
    critical: tuple[str, ...]
    attributes: tuple[bytes, ...]
    content_types: tuple[str, ...]
    digests: tuple[bytes, ...]
    certificate_hashes: tuple[tuple[str, bytes], ...]
    issuer: bytes
    issuer_serial: int | None
    key_id: bytes | None
    signature: Signature
    certificates: tuple[bytes, ...]

    @property
    def signed(self) -> bytes:
        """What the signature is made over: the attributes as a SET OF in DER (RFC 5652 §5.4)."""
        return der.set_of(*self.attributes)

    @property
    def signed_as_found(self) -> bytes:
        """The same in the order of the file, as some products sign it against the standard."""
        return der.tlv(der.SET, *self.attributes)


def read_response(response: bytes) -> Response:
    """Return what a TimeStampResp holds.

    Raises:
        Unreadable: it is none.
    """
    _fits(response)
    try:
        whole = _Response.load(response, strict=True)
        status = whole["status"]
        texts = [str(text) for text in status["status_string"].native or ()]
        failures = sorted(status["fail_info"].native or ())
        token = whole["time_stamp_token"]
        return Response(
            int(status["status"]),
            "; ".join((status["status"].native, *texts, *failures)),
            token.dump() if isinstance(token, cms.ContentInfo) else None,
        )
    except Exception as error:  # whatever asn1crypto raises for damaged bytes
        raise Unreadable("TimeStampResp") from error


def read_token(token: bytes) -> Token:
    """Return what a TimeStampToken holds; zero bytes may follow it, as in signatures and data messages.

    Raises:
        Unreadable: it is none.
    """
    _fits(token)
    try:
        end = parser.peek(token)
        if token[end:].strip(b"\0"):
            raise Unreadable("TimeStampToken")
        return _token(cms.ContentInfo.load(token[:end], strict=True))
    except Unreadable:
        raise
    except Exception as error:  # whatever asn1crypto raises for damaged bytes
        raise Unreadable("TimeStampToken") from error


def _fits(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise Unreadable(f"> {MAX_BYTES} B")


def _token(content: Any) -> Token:
    if content["content_type"].native != "signed_data":
        raise Unreadable("ContentInfo.contentType")
    data = content["content"]
    enclosed = data["encap_content_info"]
    if enclosed["content_type"].native != "tst_info":
        raise Unreadable("eContentType")
    if len(data["signer_infos"]) != 1:  # RFC 3161 §2.4.2: no signature but the authority's
        raise Unreadable(f"signerInfos: {len(data['signer_infos'])}")
    signer = data["signer_infos"][0]
    info = bytes(enclosed["content"])
    stamp = tsp.TSTInfo.load(info, strict=True)
    if stamp["version"].native != "v1":
        raise Unreadable("TSTInfo.version")
    issuer, issuer_serial, key_id = _signer(signer["sid"])
    attributes = list(signer["signed_attrs"])
    return Token(
        info=info,
        imprint_algorithm=stamp["message_imprint"]["hash_algorithm"]["algorithm"].native,
        imprint=stamp["message_imprint"]["hashed_message"].native,
        policy=stamp["policy"].dotted,
        serial=_serial(stamp["serial_number"].native),
        time=_time(stamp["gen_time"].native),
        accuracy=_accuracy(stamp["accuracy"]),
        nonce=stamp["nonce"].native,
        critical=tuple(one["extn_id"].native for one in stamp["extensions"] if one["critical"].native),
        attributes=tuple(attribute.dump() for attribute in attributes),
        content_types=tuple(value.native for value in _values(attributes, "content_type")),
        digests=tuple(value.native for value in _values(attributes, "message_digest")),
        certificate_hashes=_certificate_hashes(attributes),
        issuer=issuer,
        issuer_serial=issuer_serial,
        key_id=key_id,
        signature=_signature(signer),
        certificates=_certificates(data["certificates"]),
    )


def _serial(number: int) -> int:
    if number.bit_length() > MAX_SERIAL_BITS:
        raise Unreadable("TSTInfo.serialNumber")
    return number


def _time(at: datetime) -> datetime:
    if at.tzinfo is None:  # RFC 3161 §2.4.2: the time is in UTC and ends with Z
        raise Unreadable("TSTInfo.genTime")
    return at.astimezone(UTC)


def _accuracy(accuracy: Any) -> timedelta | None:
    if accuracy.native is None:
        return None
    # RFC 3161 §2.4.2: a part that is missing is zero
    seconds, millis, micros = (accuracy[part].native or 0 for part in ("seconds", "millis", "micros"))
    return timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)


def _signer(sid: Any) -> tuple[bytes, int | None, bytes | None]:
    """Return issuer and serial number, or the key identifier (RFC 5652 §5.3)."""
    if sid.name == "issuer_and_serial_number":
        return sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native, None
    return b"", None, sid.chosen.native


def _values(attributes: list[Any], name: str) -> list[Any]:
    return [value for one in attributes if one["type"].native == name for value in one["values"]]


def _certificate_hashes(attributes: list[Any]) -> tuple[tuple[str, bytes], ...]:
    """Return the hash of the signing certificate, the first of each attribute (RFC 5035 §3, RFC 5816)."""
    first = [("sha1", value["certs"][0]) for value in _values(attributes, "signing_certificate")]
    second = [
        (value["certs"][0]["hash_algorithm"]["algorithm"].native, value["certs"][0])
        for value in _values(attributes, "signing_certificate_v2")
    ]
    return tuple((algorithm, one["cert_hash"].native) for algorithm, one in (*first, *second))


def _signature(signer: Any) -> Signature:
    digest = signer["digest_algorithm"]["algorithm"].native
    algorithm = signer["signature_algorithm"]
    name, value = algorithm["algorithm"].native, signer["signature"].native
    try:
        scheme = algorithm.signature_algo
    except ValueError:
        return Signature(value, digest, name, digest)
    if scheme == "rsassa_pss":
        parameters = algorithm["parameters"]
        mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
        return Signature(value, digest, scheme, algorithm.hash_algo, mask, parameters["salt_length"].native)
    return Signature(value, digest, scheme, digest if name == scheme else algorithm.hash_algo)


def _certificates(found: Any) -> tuple[bytes, ...]:
    """Return the X.509 certificates; attribute certificates and others in the set are left."""
    if len(found) > MAX_CERTIFICATES:
        raise Unreadable(f"certificates: {len(found)}")
    return tuple(one.chosen.dump() for one in found if one.name == "certificate")
