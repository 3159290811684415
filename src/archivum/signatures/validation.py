"""Whether a time-stamp holds: imprint, signature, certificate, path (RFC 3161 §2.3, §2.4.2)."""

import warnings
from collections.abc import Iterator
from itertools import pairwise

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from archivum.model import Finding, Severity, Verdict
from archivum.plain import instant
from archivum.signatures import TRIAL_POLICY, TimeStamp
from archivum.signatures.algorithms import IMPRINTS, digest, signed_by, weakness
from archivum.signatures.certificates import (
    common_name,
    fault,
    has_name,
    issuer_name,
    path,
    read_anchors,
    read_der,
    read_pem,
)
from archivum.signatures.token import Token, Unreadable, read_response, read_token

_SEVERITIES = {Verdict.FAILED: Severity.ERROR, Verdict.INDETERMINATE: Severity.WARNING}

# A code, its verdict and a reason in the words of the standard, which no language has to translate.
_Note = tuple[str, Verdict, str]


def verify(response: bytes, imprint: bytes, roots_pem: bytes | None, subject: str) -> TimeStamp:
    """See :func:`archivum.signatures.verify`."""
    try:
        answer = read_response(response)
    except Unreadable as error:
        return _unreadable(error, subject)
    if answer.status not in (0, 1) or answer.token is None:  # RFC 3161 §2.4.2: granted, grantedWithMods
        return _unreadable(Unreadable(f"PKIStatus {answer.status}: {answer.reason}"), subject)
    return verify_token(answer.token, imprint, roots_pem, subject)


def verify_token(data: bytes, imprint: bytes, roots_pem: bytes | None, subject: str) -> TimeStamp:
    """See :func:`archivum.signatures.verify_token`."""
    try:
        token = read_token(data)
    except Unreadable as error:
        return _unreadable(error, subject)
    with warnings.catch_warnings():
        # `cryptography` warns of odd certificates; what they are good for is said by findings.
        warnings.simplefilter("ignore", UserWarning)
        return _judge(token, imprint, roots_pem or b"", subject)


def _judge(token: Token, imprint: bytes, roots_pem: bytes, subject: str) -> TimeStamp:
    embedded = [one for der in token.certificates if (one := read_der(der))]
    given = read_pem(roots_pem)
    signer, named = _signer(token, (*embedded, *given))
    notes = [*_imprint(token, imprint), *_attributes(token)]
    if signer is None:
        notes.append(("timestamp-certificate", Verdict.INDETERMINATE, "SignerIdentifier"))
    else:
        notes += _signature(token, signer)
        if not named:
            notes.append(("timestamp-certificate", Verdict.FAILED, "ESSCertID"))
        verdict, reason = fault(signer, token.time)
        if verdict is not Verdict.PASSED:
            notes.append(("timestamp-certificate", verdict, reason))
        notes += _trust(token, signer, (*embedded, *given), read_anchors(roots_pem))
    return TimeStamp(
        _fold(notes),
        tuple(_findings(notes, token, subject)),
        time=token.time,
        accuracy=token.accuracy,
        serial=token.serial,
        policy=token.policy,
        authority=common_name(signer) if signer else "",
        trial=token.policy == TRIAL_POLICY,
    )


def _unreadable(error: Unreadable, subject: str) -> TimeStamp:
    # EN 319 102-1 §5.1.3: a format failure is a total failure
    params = {"reason": str(error)}
    finding = Finding("timestamp-unreadable", Verdict.FAILED, subject=subject, params=params)
    return TimeStamp(Verdict.FAILED, (finding,))


def _signer(token: Token, certificates: tuple[Certificate, ...]) -> tuple[Certificate | None, bool]:
    """Return the certificate that the token names as its signer's, and whether its hash is the signed one."""
    signer = None
    for certificate in certificates:
        if has_name(certificate, token.issuer, token.issuer_serial, token.key_id):
            signer = signer or certificate
            if _hash_is_signed(token, certificate):
                return certificate, True
    return signer, False


def _hash_is_signed(token: Token, certificate: Certificate) -> bool:
    """Whether every ESSCertID and ESSCertIDv2 is of this certificate, and there is one (RFC 5816 §2.2.1)."""
    der = certificate.public_bytes(Encoding.DER)
    found = [digest(algorithm, der) == value for algorithm, value in token.certificate_hashes]
    return bool(found) and all(found)


def _imprint(token: Token, imprint: bytes) -> Iterator[_Note]:
    if token.imprint != imprint:
        yield "timestamp-imprint", Verdict.FAILED, token.imprint.hex()
    elif token.imprint_algorithm != IMPRINTS.get(len(imprint)):
        yield "timestamp-algorithm", Verdict.INDETERMINATE, token.imprint_algorithm
    if token.critical:
        yield "timestamp-algorithm", Verdict.INDETERMINATE, f"TSTInfo.extensions: {', '.join(token.critical)}"


def _attributes(token: Token) -> Iterator[_Note]:
    """Check that what is signed is the TSTInfo (RFC 5652 §11.1, §11.2: each attribute once)."""
    if token.content_types != ("tst_info",):
        yield "timestamp-signature", Verdict.FAILED, "contentType"
    known = digest(token.signature.digest, token.info)
    if known is None:
        yield "timestamp-algorithm", Verdict.INDETERMINATE, token.signature.digest
    elif token.digests != (known,):
        yield "timestamp-signature", Verdict.FAILED, "messageDigest"


def _signature(token: Token, signer: Certificate) -> Iterator[_Note]:
    how = token.signature
    verdict = signed_by(signer, how, token.signed)
    if verdict is Verdict.INDETERMINATE:
        yield "timestamp-algorithm", verdict, f"{how.scheme} {how.hash}"
    elif verdict is Verdict.FAILED:
        # Signed in the order of the file, against RFC 5652 §5.4: intact, but not by the standard.
        if signed_by(signer, how, token.signed_as_found) is Verdict.PASSED:
            yield "timestamp-signature", Verdict.INDETERMINATE, "signedAttrs: SET OF"
        else:
            yield "timestamp-signature", Verdict.FAILED, f"{how.scheme} {how.hash}"
    elif weak := weakness(signer, token.imprint_algorithm, how.digest):
        yield "timestamp-algorithm", Verdict.INDETERMINATE, weak


def _trust(
    token: Token, signer: Certificate, others: tuple[Certificate, ...], anchors: tuple[Certificate, ...]
) -> Iterator[_Note]:
    way = path(signer, others, anchors, token.time)
    if not way:
        yield "timestamp-untrusted", Verdict.INDETERMINATE, issuer_name(signer)
    for certificate, issuer in pairwise(way):
        algorithm = certificate.signature_hash_algorithm
        if weak := weakness(issuer, algorithm.name if algorithm else ""):
            yield "timestamp-algorithm", Verdict.INDETERMINATE, f"{common_name(certificate)}: {weak}"


def _fold(notes: list[_Note]) -> Verdict:
    verdicts = {verdict for _, verdict, _ in notes}
    for worst in (Verdict.FAILED, Verdict.INDETERMINATE):
        if worst in verdicts:
            return worst
    return Verdict.PASSED


def _findings(notes: list[_Note], token: Token, subject: str) -> Iterator[Finding]:
    for code, verdict, reason in notes:
        params = {"reason": reason, "time": instant(token.time)}
        yield Finding(code, verdict, _SEVERITIES[verdict], subject, params=params)
    if token.policy == TRIAL_POLICY:
        yield Finding("timestamp-trial", Verdict.INDETERMINATE, Severity.INFO, subject)
    else:
        yield Finding("timestamp-revocation", Verdict.INDETERMINATE, Severity.INFO, subject)
