"""Real time-stamps from data messages and signatures, found in the published test cases."""

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto import tsp as tsp  # noqa: PLC0414 (teaches asn1crypto what a TSTInfo is)

from archivum.model import Severity, Verdict
from archivum.signatures import TimeStamp, verify_token
from archivum.signatures.token import read_token
from tests.shared import cases, needs_shared

pytestmark = needs_shared

# Altered after sealing: what is left of its content holds no whole stamp.
DAMAGED = "yarda_dslib__signedReceivedMessage.zfo"


def found(stamp: TimeStamp) -> set[str]:
    return {one.code for one in stamp.findings if one.severity is not Severity.INFO}


def message(path: Path) -> tuple[cms.SignedData, bytes]:
    """The seal of a data message and the XML that it seals."""
    data = cms.ContentInfo.load(path.read_bytes())["content"]
    return data, data["encap_content_info"]["content"].native


def inner_stamp(xml: bytes) -> tuple[bytes, bytes]:
    """The token and the digest that a message carries inside."""
    token = re.search(rb"<(?:\w+:)?dmQTimestamp[^>]*>([^<]+)<", xml)
    digest = re.search(rb"<(?:\w+:)?dmHash[^>]*>([^<]+)<", xml)
    assert token is not None
    assert digest is not None
    return base64.b64decode(token[1]), base64.b64decode(digest[1])


def all_messages() -> list[Path]:
    folder = cases("signatures") / "zfo"
    return sorted(path for path in folder.glob("*.zfo") if path.name != DAMAGED)


@cache
def signature_stamps() -> tuple[tuple[str, bytes, bytes], ...]:
    """File, token and signature value for every signature time-stamp in a CMS file."""
    return tuple(_signature_stamps())


def _signature_stamps() -> Iterator[tuple[str, bytes, bytes]]:
    folders = (cases("signatures") / "dss" / "cades", cases("signatures") / "zfo")
    for path in sorted(path for folder in folders for path in folder.rglob("*.*")):
        try:
            signers = list(cms.ContentInfo.load(path.read_bytes())["content"]["signer_infos"])
            for signer in signers:
                for attribute in signer["unsigned_attrs"]:
                    if attribute["type"].native == "signature_time_stamp_token":
                        for token in attribute["values"]:
                            yield path.name, token.dump(), signer["signature"].native
        except (ValueError, TypeError, AttributeError):
            continue  # damaged on purpose, or not CMS


def test_inner_stamps_of_data_messages_hold() -> None:
    times = []
    for path in all_messages():
        token, digest = inner_stamp(message(path)[1])
        stamp = verify_token(token, digest, None)
        # PostSignum's certificates are not embedded: what can be known without them is in order.
        assert stamp.verdict is Verdict.INDETERMINATE, path.name
        assert found(stamp) <= {"timestamp-untrusted", "timestamp-algorithm"}, (path.name, stamp)
        assert ("timestamp-algorithm" in found(stamp)) == (len(digest) == 20)  # SHA-1, till 2010
        assert not stamp.trial
        assert stamp.authority.startswith("PostSignum TSA - TSU ")
        assert stamp.time is not None
        times.append(stamp.time.year)
    assert sorted(times) == [2009, 2009, 2010, 2010, 2015, 2018]


def test_inner_stamp_of_an_altered_message() -> None:
    token, digest = inner_stamp(message(all_messages()[0])[1])
    other = hashlib.new({20: "sha1", 32: "sha256", 64: "sha512"}[len(digest)], b"other").digest()
    stamp = verify_token(token, other, None)
    assert stamp.verdict is Verdict.FAILED
    assert "timestamp-imprint" in found(stamp)


def test_attribute_certificates_are_passed_over() -> None:
    """PostSignum's stamps till 2018 hold one beside the certificate; libraries stumble over it."""
    held = [
        [
            one.name
            for one in cms.ContentInfo.load(inner_stamp(message(path)[1])[0])["content"]["certificates"]
        ]
        for path in all_messages()
    ]
    assert any("v2_attr_cert" in names for names in held)


def test_issuer_makes_a_real_stamp_trusted() -> None:
    """Stamps that embed their whole chain hold once its self-issued end is trusted, and not before."""
    passed = 0
    for name, token, signature in signature_stamps():
        read = read_token(token)
        digest = hashlib.new(read.imprint_algorithm, signature).digest()
        roots = b"".join(
            b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
            for der in read.certificates
            if (tbs := cms.Certificate.load(der)["tbs_certificate"])["issuer"] == tbs["subject"]
        )
        if roots:
            before, after = verify_token(token, digest, None), verify_token(token, digest, roots)
            assert before.verdict is not Verdict.PASSED, name
            passed += after.verdict is Verdict.PASSED
    assert passed >= 5


def test_signature_stamps_are_all_judged() -> None:
    verdicts = []
    algorithms = set()
    for name, token, signature in signature_stamps():
        read = read_token(token)
        digest = hashlib.new(read.imprint_algorithm, signature).digest()
        stamp = verify_token(token, digest, None)
        verdicts.append(stamp.verdict)
        algorithms.add((read.signature.scheme, read.signature.hash))
        assert "timestamp-unreadable" not in found(stamp), name
        assert "timestamp-signature" not in found(stamp), name
    assert len(verdicts) >= 20
    assert Verdict.PASSED not in verdicts
    assert ("rsassa_pkcs1v15", "sha256") in algorithms


@pytest.mark.parametrize("step", [3])
def test_flipped_bits_of_a_real_token(step: int) -> None:
    token, digest = inner_stamp(message(all_messages()[-1])[1])
    whole = verify_token(token, digest, None)
    for place in range(0, len(token), step):
        damaged = bytearray(token)
        damaged[place] ^= 1 << place % 8
        stamp = verify_token(bytes(damaged), digest, None)
        if found(stamp) == found(whole):
            assert (stamp.time, stamp.serial, stamp.policy, stamp.accuracy) == (
                whole.time, whole.serial, whole.policy, whole.accuracy,
            )  # fmt: skip
