"""Time-stamps: what the trial authority makes, and what is found in stamps that do not hold."""

import hashlib
import pickle
import shutil
import stat
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from archivum.errors import Misconfigured, Refused
from archivum.model import Severity, Verdict
from archivum.signatures import TRIAL_POLICY, TimeStamp, TimeStampingAuthority, verify, verify_token
from archivum.signatures.der import instant, set_of
from archivum.signatures.stamping import Signer
from archivum.signatures.token import MAX_BYTES, read_response, read_token
from archivum.signatures.trial import TrialAuthority

ARCHIVE = UUID("0b0e6f0c-8f6c-4f43-9d3e-0d1f2a3b4c5d")
AT = datetime(2026, 11, 23, 9, 45, 0, tzinfo=UTC)
CONTENT = b"Dne 23. listopadu\n"
IMPRINT = hashlib.sha512(CONTENT).digest()

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no program openssl here")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TrialAuthority:
    return TrialAuthority.create(tmp_path_factory.mktemp("archive") / "time-stamping", AT, ARCHIVE)


@pytest.fixture(scope="module")
def response(authority: TrialAuthority) -> bytes:
    return authority.stamp(IMPRINT, AT)


def openssl(*arguments: object, fails: bool = False) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stdout + done.stderr


def codes(stamp: TimeStamp) -> list[tuple[str, str]]:
    """What was found, other than for information."""
    return [(f.code, str(f.params["reason"])) for f in stamp.findings if f.severity is not Severity.INFO]


# -- the trial authority ----------------------------------------------------------------------------------


def test_stamp_says_what_was_asked(authority: TrialAuthority, response: bytes) -> None:
    stamp = verify(response, IMPRINT, authority.chain(), subject="seal.tsr")

    assert stamp.verdict is Verdict.PASSED
    assert (stamp.time, stamp.accuracy, stamp.policy) == (AT, timedelta(seconds=1), TRIAL_POLICY)
    assert stamp.trial
    assert stamp.authority == authority.name
    assert [(f.code, f.severity, f.subject) for f in stamp.findings] == [
        ("timestamp-trial", Severity.INFO, "seal.tsr")
    ]


@needs_openssl
def test_openssl_verifies_the_stamp(authority: TrialAuthority, response: bytes, tmp_path: Path) -> None:
    data, other, stamp, chain = (tmp_path / name for name in ("manifest", "other", "stamp.tsr", "chain.pem"))
    data.write_bytes(CONTENT)
    other.write_bytes(CONTENT + b"!")
    stamp.write_bytes(response)
    chain.write_bytes(authority.chain())
    moment = int(AT.timestamp())
    known = ("-in", stamp, "-CAfile", chain, "-attime", moment)

    assert "Verification: OK" in openssl("ts", "-verify", "-data", data, *known)
    assert "mismatch" in openssl("ts", "-verify", "-data", other, *known, fails=True)


@needs_openssl
def test_openssl_reads_the_stamp(response: bytes, tmp_path: Path) -> None:
    stamp = tmp_path / "stamp.tsr"
    stamp.write_bytes(response)

    text = openssl("ts", "-reply", "-in", stamp, "-text")

    for line in (
        "Status: Granted.",
        f"Policy OID: {TRIAL_POLICY}",
        "Hash Algorithm: sha512",
        "Time stamp: Nov 23 09:45:00 2026 GMT",
        "Accuracy: 0x01 seconds, unspecified millis, unspecified micros",
        "Nonce: unspecified",
    ):
        assert line in text


@needs_openssl
def test_openssl_accepts_the_certificates_for_time_stamping(
    authority: TrialAuthority, tmp_path: Path
) -> None:
    own, root = tmp_path / "own.pem", tmp_path / "root.pem"
    first, second = x509.load_pem_x509_certificates(authority.chain())
    own.write_bytes(first.public_bytes(Encoding.PEM))
    root.write_bytes(second.public_bytes(Encoding.PEM))

    said = openssl(
        "verify", "-purpose", "timestampsign", "-x509_strict", "-attime", int(AT.timestamp()),
        "-CAfile", root, own,
    )  # fmt: skip

    assert "own.pem: OK" in said


def test_same_digest_at_the_same_time_is_the_same_stamp(authority: TrialAuthority, response: bytes) -> None:
    again = pickle.loads(pickle.dumps(authority))

    assert again.stamp(IMPRINT, AT) == response
    assert again.stamp(IMPRINT, AT.replace(microsecond=999_999)) == response
    assert again.stamp(IMPRINT, AT + timedelta(seconds=1)) != response


def test_serials_differ_with_digest_and_time(authority: TrialAuthority) -> None:
    asked = [(bytes([n]) * 64, AT + timedelta(seconds=n // 2)) for n in range(20)]
    serials = {verify(authority.stamp(*one), one[0], None).serial for one in asked}
    assert len(serials) == 20
    assert all(serial is not None and 0 < serial < 2**160 for serial in serials)  # RFC 3161 §2.4.2


def test_every_name_says_trial_in_both_languages(authority: TrialAuthority) -> None:
    for certificate in x509.load_pem_x509_certificates(authority.chain()):
        for name in (certificate.subject, certificate.issuer):
            said = name.rfc4514_string()
            assert "TRIAL" in said
            assert "NOT QUALIFIED" in said
            assert "NEKVALIFIKOVANÉ" in said
            assert str(ARCHIVE) in said
    assert authority.trial


def test_folder_is_for_its_owner_only(authority: TrialAuthority) -> None:
    folder = authority.__reduce__()[1][0]  # type: ignore[index]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["chain.pem", "key.pem"]
    assert (folder / "key.pem").read_text().count("PRIVATE KEY") == 2  # one key, and not the root's


def test_an_authority_is_never_replaced(tmp_path: Path) -> None:
    TrialAuthority.create(tmp_path / "tsa", AT, ARCHIVE)
    before = (tmp_path / "tsa" / "key.pem").read_bytes()
    with pytest.raises(Refused):
        TrialAuthority.create(tmp_path / "tsa", AT, ARCHIVE)
    assert (tmp_path / "tsa" / "key.pem").read_bytes() == before


def test_create_writes_by_what_it_is_given(tmp_path: Path) -> None:
    written: list[str] = []

    def write(path: Path, data: bytes) -> None:
        written.append(path.name)
        path.write_bytes(data)

    TrialAuthority.create(tmp_path / "tsa", AT, ARCHIVE, write)
    assert written == ["key.pem", "chain.pem"]


def test_missing_or_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as missing:
        TrialAuthority.open(tmp_path)
    assert missing.value.text_id == "signatures.trial-missing"
    assert str(tmp_path / "key.pem") in missing.value.text("cs")

    for name in ("one", "two"):
        TrialAuthority.create(tmp_path / name, AT, ARCHIVE)
    strange = (tmp_path / "two" / "key.pem").read_bytes()
    for damage in (b"", b"\0" * 300, strange):
        (tmp_path / "one" / "key.pem").write_bytes(damage)
        with pytest.raises(Misconfigured) as damaged:
            TrialAuthority.open(tmp_path / "one").stamp(IMPRINT, AT)
        assert damaged.value.text_id == "signatures.trial-damaged"
        assert damaged.value.hint("en")


@pytest.mark.parametrize("at", [AT - timedelta(days=2), AT + timedelta(days=51 * 366)])
def test_no_stamp_outside_the_certificate(authority: TrialAuthority, at: datetime) -> None:
    with pytest.raises(Misconfigured) as error:
        authority.stamp(IMPRINT, at)
    assert error.value.text_id == "signatures.trial-time"
    assert error.value.text("cs") != error.value.text("en")


def test_only_sha_512_is_stamped(authority: TrialAuthority) -> None:
    with pytest.raises(ValueError, match="SHA-512"):
        authority.stamp(hashlib.sha256(CONTENT).digest(), AT)


def test_it_is_an_authority(authority: TrialAuthority) -> None:
    as_one: TimeStampingAuthority = authority
    assert as_one.chain().count(b"BEGIN CERTIFICATE") == 2


def test_cost(authority: TrialAuthority, response: bytes) -> None:
    chain = authority.chain()
    verify(response, IMPRINT, chain)
    costs = {}
    calls: dict[str, Callable[[], object]] = {
        "stamp": lambda: authority.stamp(IMPRINT, AT),
        "verify": lambda: verify(response, IMPRINT, chain),
    }
    for what, call in calls.items():
        times = []
        for _ in range(50):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        costs[what] = min(times) * 1000
    print(f"stamp {costs['stamp']:.2f} ms, verify {costs['verify']:.2f} ms, {len(response)} bytes")  # noqa: T201
    assert costs["stamp"] < 2
    assert costs["verify"] < 5


# -- what does not hold -----------------------------------------------------------------------------------


def test_stamp_for_other_content(authority: TrialAuthority, response: bytes) -> None:
    stamp = verify(response, hashlib.sha512(b"other").digest(), authority.chain())
    assert stamp.verdict is Verdict.FAILED
    assert codes(stamp) == [("timestamp-imprint", IMPRINT.hex())]


def test_imprint_moved_to_other_content(authority: TrialAuthority, response: bytes) -> None:
    other = hashlib.sha512(b"other").digest()
    stamp = verify(response.replace(IMPRINT, other), other, authority.chain())
    assert stamp.verdict is Verdict.FAILED
    assert codes(stamp) == [("timestamp-signature", "messageDigest")]


def test_digest_of_another_algorithm_proves_nothing(authority: TrialAuthority, response: bytes) -> None:
    # 2.16.840.1.101.3.4.2.3 (SHA-512) becomes .2.10 (SHA3-512); the imprint stays
    sha512 = bytes.fromhex("060960864801650304020304")
    changed = response.replace(sha512, sha512[:-2] + b"\x0a\x04")
    assert changed != response
    assert ("timestamp-algorithm", "sha3_512") in codes(verify(changed, IMPRINT, authority.chain()))


@pytest.mark.parametrize(
    "roots", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_without_roots_nothing_is_trusted(response: bytes, roots: bytes | None) -> None:
    stamp = verify(response, IMPRINT, roots)
    assert stamp.verdict is Verdict.INDETERMINATE
    assert [code for code, _ in codes(stamp)] == ["timestamp-untrusted"]


def test_another_archives_authority_is_not_trusted(response: bytes, tmp_path: Path) -> None:
    other = TrialAuthority.create(tmp_path / "tsa", AT, ARCHIVE)  # the same names, other keys
    stamp = verify(response, IMPRINT, other.chain())
    assert stamp.verdict is Verdict.INDETERMINATE
    assert [code for code, _ in codes(stamp)] == ["timestamp-untrusted"]


@pytest.mark.parametrize("bits", [(7,), (0, 1, 2, 3, 4, 5, 6)], ids=["sign bits", "other bits"])
def test_any_flipped_bit_is_found_or_changes_nothing(
    authority: TrialAuthority, response: bytes, bits: tuple[int, ...]
) -> None:
    root = pem(x509.load_pem_x509_certificates(authority.chain())[-1])
    whole = verify(response, IMPRINT, root)
    assert whole.verdict is Verdict.PASSED
    harmless = 0
    for place in range(len(response)):
        damaged = bytearray(response)
        damaged[place] ^= 1 << bits[place % len(bits)]
        stamp = verify(bytes(damaged), IMPRINT, root)
        if stamp.verdict is Verdict.PASSED:
            assert replace(stamp, findings=()) == replace(whole, findings=())
            harmless += 1
        else:
            assert codes(stamp)
    # No signature covers the root's own copy (some 700 bytes) and a few of the outer values.
    print(f"{harmless} of {len(response)} flips change nothing that is said")  # noqa: T201
    assert harmless < len(x509.load_pem_x509_certificates(root)[0].public_bytes(Encoding.DER)) + 100


def test_any_cut_is_found(authority: TrialAuthority, response: bytes) -> None:
    chain = authority.chain()
    for end in range(0, len(response), 7):
        stamp = verify(response[:end], IMPRINT, chain)
        assert stamp.verdict is Verdict.FAILED
        assert [code for code, _ in codes(stamp)] == ["timestamp-unreadable"]
    assert codes(verify(response + b"\0", IMPRINT, chain)) == [("timestamp-unreadable", "TimeStampResp")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes.fromhex("30053003020102"), "PKIStatus 2: rejection"),
        (bytes.fromhex("30053003020100"), "PKIStatus 0: granted"),  # granted, and no token
        (b"\x30\x82" + b"\xff" * 10, "TimeStampResp"),
        (b"\0" * (MAX_BYTES + 1), f"> {MAX_BYTES} B"),
        (b"%PDF-1.7", "TimeStampResp"),
    ],
)
def test_what_is_no_stamp(data: bytes, reason: str) -> None:
    stamp = verify(data, IMPRINT, None)
    assert stamp == TimeStamp(Verdict.FAILED, stamp.findings)
    assert codes(stamp) == [("timestamp-unreadable", reason)]


def test_second_signer_is_refused(authority: TrialAuthority, response: bytes) -> None:
    token = tsp.TimeStampResp.load(response)["time_stamp_token"].copy()
    signers = token["content"]["signer_infos"]
    signers.append(signers[0].copy())
    stamp = verify_token(token.dump(force=True), IMPRINT, authority.chain())
    assert codes(stamp) == [("timestamp-unreadable", "signerInfos: 2")]


def test_content_that_is_no_time_stamp(authority: TrialAuthority, response: bytes) -> None:
    tst_info = bytes.fromhex("060b2a864886f70d0109100104")
    place = response.index(tst_info)
    changed = response[:place] + tst_info[:-1] + b"\x05" + response[place + len(tst_info) :]
    assert codes(verify(changed, IMPRINT, authority.chain())) == [("timestamp-unreadable", "eContentType")]


def attributes_reversed(response: bytes) -> bytes:
    token = read_response(response).token
    assert token is not None
    attributes = read_token(token).attributes
    there = b"".join(attributes)
    assert there in response
    return response.replace(there, b"".join(reversed(attributes)))


def test_attributes_are_hashed_in_the_order_of_der(authority: TrialAuthority, response: bytes) -> None:
    changed = attributes_reversed(response)
    assert changed != response
    assert verify(changed, IMPRINT, authority.chain()).verdict is Verdict.PASSED


def test_certificates_may_stand_in_any_order(authority: TrialAuthority, response: bytes) -> None:
    token = read_response(response).token
    assert token is not None
    first, second = read_token(token).certificates
    changed = response.replace(first + second, second + first)
    assert changed != response
    assert verify(changed, IMPRINT, authority.chain()).verdict is Verdict.PASSED


def test_zeros_may_follow_a_token_and_nothing_else(authority: TrialAuthority, response: bytes) -> None:
    token = read_response(response).token
    assert token is not None
    assert verify_token(token + bytes(9), IMPRINT, authority.chain()).verdict is Verdict.PASSED
    more = verify_token(token + b"\0\1", IMPRINT, authority.chain())
    assert codes(more) == [("timestamp-unreadable", "TimeStampToken")]


def test_attributes_signed_in_the_order_of_the_file_are_reported(
    authority: TrialAuthority, response: bytes
) -> None:
    changed = attributes_reversed(response)
    token = read_response(changed).token
    assert token is not None
    read = read_token(token)
    folder = authority.__reduce__()[1][0]  # type: ignore[index]
    key = load_pem_private_key((folder / "key.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    while True:  # until a signature is as long as the one it replaces
        signature = key.sign(read.signed_as_found, ec.ECDSA(hashes.SHA256()))
        if len(signature) == len(read.signature.value):
            break
    stamp = verify(changed.replace(read.signature.value, signature), IMPRINT, authority.chain())
    assert stamp.verdict is Verdict.INDETERMINATE
    assert codes(stamp) == [("timestamp-signature", "signedAttrs: SET OF")]


# -- certificates -----------------------------------------------------------------------------------------


class Pki:
    """A little PKI whose every certificate can be wrong in one way."""

    def __init__(self) -> None:
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}

    def key(self, name: str) -> ec.EllipticCurvePrivateKey:
        return self.keys.setdefault(name, ec.generate_private_key(ec.SECP256R1()))

    def certificate(
        self,
        subject: str,
        issuer: str,
        *extensions: tuple[x509.ExtensionType, bool],
        first: datetime = AT - timedelta(days=10),
        last: datetime = AT + timedelta(days=10),
    ) -> x509.Certificate:
        serial = x509.random_serial_number()
        builder = x509.CertificateBuilder(
            named(issuer), named(subject), self.key(subject).public_key(), serial, first, last
        )
        for value, critical in extensions:
            builder = builder.add_extension(value, critical)
        return builder.sign(self.key(issuer), hashes.SHA256())

    def stamp(self, *chain: x509.Certificate, at: datetime = AT) -> bytes:
        key = self.key("tsa").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Signer.of(key, pem(*chain)).stamp(IMPRINT, instant(at))


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def purpose(*purposes: x509.ObjectIdentifier, critical: bool = True) -> tuple[x509.ExtensionType, bool]:
    return x509.ExtendedKeyUsage(purposes), critical


def ca(depth: int | None = None, *, is_ca: bool = True) -> tuple[x509.ExtensionType, bool]:
    return x509.BasicConstraints(is_ca, depth), True


def usage(*, sign: bool) -> tuple[x509.ExtensionType, bool]:
    return x509.KeyUsage(not sign, False, False, False, False, sign, False, False, False), True


STAMPING = purpose(ExtendedKeyUsageOID.TIME_STAMPING)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


def test_path_over_authorities_between(pki: Pki) -> None:
    root = pki.certificate("root", "root", ca())
    between = pki.certificate("between", "root", ca(0), usage(sign=True))
    response = pki.stamp(pki.certificate("tsa", "between", STAMPING))

    assert verify(response, IMPRINT, pem(between, root)).verdict is Verdict.PASSED
    assert verify(response, IMPRINT, pem(root, between)).verdict is Verdict.PASSED
    # an authority that is not self-issued is trusted if it is all there is
    assert verify(response, IMPRINT, pem(between)).verdict is Verdict.PASSED
    assert codes(verify(response, IMPRINT, pem(root))) == [("timestamp-untrusted", "CN=between")]


def test_authorities_with_one_name_and_many_keys(pki: Pki) -> None:
    wrong = [Pki().certificate("root", "root", ca()) for _ in range(3)]
    root = pki.certificate("root", "root", ca())
    response = pki.stamp(pki.certificate("tsa", "root", STAMPING))
    assert verify(response, IMPRINT, pem(*wrong, root)).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("reason", "extensions"),
    [
        ("extKeyUsage", ()),
        ("extKeyUsage", (purpose(ExtendedKeyUsageOID.TIME_STAMPING, critical=False),)),
        ("extKeyUsage", (purpose(ExtendedKeyUsageOID.CODE_SIGNING),)),
        ("extKeyUsage", (purpose(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING),)),
        ("keyUsage", (STAMPING, usage(sign=True))),
    ],
)
def test_certificate_that_may_not_stamp(
    pki: Pki, reason: str, extensions: tuple[tuple[x509.ExtensionType, bool], ...]
) -> None:
    root = pki.certificate("root", "root", ca())
    stamp = verify(pki.stamp(pki.certificate("tsa", "root", *extensions)), IMPRINT, pem(root))
    assert stamp.verdict is Verdict.FAILED
    assert codes(stamp) == [("timestamp-certificate", reason)]


def test_certificate_not_valid_at_the_time_of_the_stamp(pki: Pki) -> None:
    root = pki.certificate("root", "root", ca())
    own = pki.certificate("tsa", "root", STAMPING, last=AT)

    # valid to the last second, and long after, if stamped before (RFC 3161 Appendix B)
    assert verify(pki.stamp(own, at=AT), IMPRINT, pem(root)).verdict is Verdict.PASSED
    late = verify(pki.stamp(own, at=AT + timedelta(seconds=1)), IMPRINT, pem(root))
    assert late.verdict is Verdict.FAILED
    assert codes(late) == [("timestamp-certificate", "validity: 2026-11-13T09:45:00Z/2026-11-23T09:45:00Z")]


@pytest.mark.parametrize(
    "between",
    [
        {"extensions": ()},
        {"extensions": (ca(is_ca=False),)},
        {"extensions": (ca(), usage(sign=False))},
        {"extensions": (ca(),), "last": AT - timedelta(days=1)},
        {"extensions": (ca(),), "first": AT + timedelta(days=1)},
        {"extensions": (ca(), (x509.NameConstraints([x509.DNSName("a.example")], None), True))},
    ],
    ids=["no constraints", "no authority", "may not sign", "expired", "not yet", "names"],
)
def test_authority_between_that_may_not_issue(pki: Pki, between: dict[str, object]) -> None:
    root = pki.certificate("root", "root", ca())
    given = {key: value for key, value in between.items() if key != "extensions"}
    middle = pki.certificate("between", "root", *between["extensions"], **given)  # type: ignore[misc,arg-type]
    own = pki.certificate("tsa", "between", STAMPING)
    stamp = verify(pki.stamp(own, middle), IMPRINT, pem(root))
    assert stamp.verdict is Verdict.INDETERMINATE
    assert codes(stamp) == [("timestamp-untrusted", "CN=between")]


def test_path_longer_than_its_root_allows(pki: Pki) -> None:
    root = pki.certificate("root", "root", ca(0))
    middle = pki.certificate("between", "root", ca())
    stamp = verify(pki.stamp(pki.certificate("tsa", "between", STAMPING), middle), IMPRINT, pem(root))
    assert codes(stamp) == [("timestamp-untrusted", "CN=between")]


def test_authorities_that_issue_each_other_end(pki: Pki) -> None:
    ring = [pki.certificate(one, two, ca()) for one, two in (("a", "b"), ("b", "c"), ("c", "a"))]
    root = pki.certificate("root", "root", ca())
    stamp = verify(pki.stamp(pki.certificate("tsa", "a", STAMPING), *ring), IMPRINT, pem(root))
    assert codes(stamp) == [("timestamp-untrusted", "CN=a")]


def test_certificate_of_the_same_key_and_name_but_not_the_signed_one(pki: Pki) -> None:
    root = pki.certificate("root", "root", ca())
    own = pki.certificate("tsa", "root", STAMPING)
    token = cms.ContentInfo.load(read_response(pki.stamp(own)).token or b"")
    twin = (
        x509.CertificateBuilder(
            named("root"), named("tsa"), pki.key("tsa").public_key(), own.serial_number, AT, AT
        )
        .add_extension(*STAMPING)
        .sign(pki.key("root"), hashes.SHA256())
    )
    token["content"]["certificates"] = cms.CertificateSet.load(set_of(twin.public_bytes(Encoding.DER)))
    stamp = verify_token(token.dump(force=True), IMPRINT, pem(root))
    assert stamp.verdict is Verdict.FAILED
    assert codes(stamp) == [("timestamp-certificate", "ESSCertID")]


def test_stamp_without_its_certificate(pki: Pki) -> None:
    root = pki.certificate("root", "root", ca())
    own = pki.certificate("tsa", "root", STAMPING)
    token = cms.ContentInfo.load(read_response(pki.stamp(own)).token or b"")
    del token["content"]["certificates"]
    bare = token.dump(force=True)

    missing = verify_token(bare, IMPRINT, pem(root))
    assert missing.verdict is Verdict.INDETERMINATE
    assert codes(missing) == [("timestamp-certificate", "SignerIdentifier")]
    assert verify_token(bare, IMPRINT, pem(own, root)).verdict is Verdict.PASSED
