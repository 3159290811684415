"""A real RFC 3161 server on the loopback: the program openssl behind HTTP, and servers that do wrong."""

import hashlib
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import UUID

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from archivum.errors import Misconfigured
from archivum.model import Verdict
from archivum.signatures import TimeStampingAuthority, verify
from archivum.signatures.http import QUERY, REPLY, HttpAuthority
from archivum.signatures.request import time_stamp_request
from archivum.signatures.token import MAX_BYTES
from archivum.signatures.trial import TrialAuthority

NOW = datetime.now(UTC)  # the server has a clock of its own, and it is this one
IMPRINT = hashlib.sha512(b"manifest-sha512.txt").digest()
POLICY = "1.3.6.1.4.1.99999.1"
REFUSAL = bytes.fromhex("30053003020102")  # TimeStampResp { { rejection } }

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no program openssl here")

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Answer every POST and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()


def send(
    handler: BaseHTTPRequestHandler,
    body: bytes,
    kind: str = REPLY,
    status: int = 200,
    headers: Mapping[str, str] = {},
) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def always(body: bytes, kind: str = REPLY, status: int = 200, headers: Mapping[str, str] = {}) -> Answer:
    return lambda handler, _: send(handler, body, kind, status, headers)


class OpensslTsa:
    """An authority run by ``openssl ts -reply``: RSA, a root, certificates in unknown order, a policy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in ("Root", "Test TSA")]
        for name, subject, public, *extensions in (
            ("root", names[0], root_key, (x509.BasicConstraints(True, None), True)),
            ("tsa", names[1], key, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)),
        ):
            builder = x509.CertificateBuilder(
                names[0], subject, public.public_key(), x509.random_serial_number(),
                NOW - timedelta(days=1), NOW + timedelta(days=1),
            )  # fmt: skip
            for value, critical in extensions:
                builder = builder.add_extension(value, critical)
            certificate = builder.sign(root_key, hashes.SHA256())
            (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "serial").write_text("01")
        (folder / "openssl.cnf").write_text(
            "[tsa]\ndefault_tsa = one\n[one]\n"
            f"serial = {folder}/serial\nsigner_cert = {folder}/tsa.pem\nsigner_key = {folder}/key.pem\n"
            "signer_digest = sha512\ndigests = sha512\n"
            f"default_policy = {POLICY}\nother_policies = 1.3.6.1.4.1.99999.2\n"
            "accuracy = secs:1, millisecs:500\ness_cert_id_alg = sha256\n"
        )

    @property
    def roots(self) -> Path:
        return self.folder / "root.pem"

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        subprocess.run(
            ["openssl", "ts", "-reply", "-queryfile", "query", "-config", "openssl.cnf", "-out", "reply"],
            check=True, capture_output=True, cwd=self.folder,
        )  # fmt: skip
        return (self.folder / "reply").read_bytes()

    def __call__(self, handler: BaseHTTPRequestHandler, query: bytes) -> None:
        send(handler, self.reply(query))


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> OpensslTsa:
    return OpensslTsa(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrialAuthority, Path]:
    folder = tmp_path_factory.mktemp("trial") / "time-stamping"
    return TrialAuthority.create(folder, NOW, UUID(int=7)), folder / "chain.pem"


def refused(authority: TimeStampingAuthority, text_id: str) -> Misconfigured:
    with pytest.raises(Misconfigured) as error:
        authority.stamp(IMPRINT, NOW)
    assert error.value.text_id == text_id, error.value.params
    for language in ("en", "cs"):
        assert error.value.text(language)
        assert error.value.hint(language)
    return error.value


# -- with openssl -----------------------------------------------------------------------------------------


@needs_openssl
def test_stamp_of_a_real_server(tsa: OpensslTsa) -> None:
    with serving(tsa) as url:
        authority = HttpAuthority(url, "Test", tsa.roots, policy=POLICY)
        response = authority.stamp(IMPRINT, NOW)

    stamp = verify(response, IMPRINT, authority.chain())
    assert (stamp.verdict, stamp.trial, stamp.authority) == (Verdict.PASSED, False, "Test TSA")
    assert (stamp.policy, stamp.accuracy, stamp.serial) == (POLICY, timedelta(milliseconds=1500), 2)
    assert stamp.time is not None
    assert abs(stamp.time - datetime.now(UTC)) < timedelta(minutes=5)  # of the server's own clock
    assert [finding.code for finding in stamp.findings] == ["timestamp-revocation"]


@needs_openssl
def test_query_is_as_the_standard_says(tsa: OpensslTsa) -> None:
    queries: list[bytes] = []

    def answer(handler: BaseHTTPRequestHandler, query: bytes) -> None:
        queries.append(query)
        assert handler.headers["Content-Type"] == QUERY  # RFC 3161 §3.4
        assert handler.headers["Authorization"] == "Basic xb5pxb5rYTpoOmVz"  # RFC 7617 §2.1: UTF-8
        tsa(handler, query)

    with serving(answer) as url:
        authority = HttpAuthority(url, "", tsa.roots, user="žižka", password="h:es", nonce=lambda: 2**63 + 5)
        authority.stamp(IMPRINT, NOW)
    assert authority.name == url

    asked = tsp.TimeStampReq.load(queries[0], strict=True).native
    assert asked["version"] == "v1"
    assert asked["message_imprint"]["hash_algorithm"]["algorithm"] == "sha512"
    assert asked["message_imprint"]["hashed_message"] == IMPRINT
    assert (asked["req_policy"], asked["nonce"], asked["cert_req"]) == (None, 2**63 + 5, True)


@needs_openssl
def test_nonces_are_new_each_time(tsa: OpensslTsa) -> None:
    queries: list[bytes] = []

    def answer(handler: BaseHTTPRequestHandler, query: bytes) -> None:
        queries.append(query)
        tsa(handler, query)

    with serving(answer) as url:
        for _ in range(2):
            HttpAuthority(url, "Test", tsa.roots).stamp(IMPRINT, NOW)
    assert len({tsp.TimeStampReq.load(query)["nonce"].native for query in queries}) == 2


@needs_openssl
def test_policy_that_the_server_does_not_have(tsa: OpensslTsa) -> None:
    with serving(tsa) as url:
        error = refused(HttpAuthority(url, "Test", tsa.roots, policy="1.2.3.4"), "signatures.refused")
    assert "unaccepted_policy" in error.text()


@needs_openssl
def test_answer_under_another_policy(tsa: OpensslTsa) -> None:
    with serving(lambda handler, _: send(handler, tsa.reply(time_stamp_request(IMPRINT, 5)))) as url:
        authority = HttpAuthority(url, "Test", tsa.roots, policy="1.3.6.1.4.1.99999.2", nonce=lambda: 5)
        assert POLICY in refused(authority, "signatures.wrong-answer").text()


@needs_openssl
def test_answer_to_another_question(tsa: OpensslTsa) -> None:
    replayed = tsa.reply(time_stamp_request(IMPRINT, 1))
    other = tsa.reply(time_stamp_request(bytes(64), 2))
    with serving(always(replayed)) as url:
        error = refused(HttpAuthority(url, "Test", tsa.roots, nonce=lambda: 2), "signatures.wrong-answer")
        assert error.params["reason"] == "nonce"
    with serving(always(other)) as url:
        error = refused(HttpAuthority(url, "Test", tsa.roots, nonce=lambda: 2), "signatures.wrong-answer")
        assert "timestamp-imprint" in str(error.params["reason"])


@needs_openssl
def test_answer_of_an_authority_that_is_not_trusted(
    tsa: OpensslTsa, trial: tuple[TrialAuthority, Path]
) -> None:
    with serving(tsa) as url:
        error = refused(HttpAuthority(url, "Test", trial[1]), "signatures.wrong-answer")
    assert "timestamp-untrusted: CN=Root" in error.text()


# -- with servers that do wrong ---------------------------------------------------------------------------


def test_answer_without_the_nonce(trial: tuple[TrialAuthority, Path]) -> None:
    authority, chain = trial
    with serving(always(authority.stamp(IMPRINT, NOW))) as url:
        assert refused(HttpAuthority(url, "x", chain), "signatures.wrong-answer").params["reason"] == "nonce"


@pytest.mark.parametrize(
    ("answer", "text_id", "reason"),
    [
        (always(REFUSAL), "signatures.refused", "rejection"),
        (always(b"no", "text/plain", 401), "signatures.refused", "HTTP 401 Unauthorized"),
        (always(b"", status=503), "signatures.refused", "HTTP 503 Service Unavailable"),
        (
            always(b"", status=302, headers={"Location": "http://127.0.0.1:1/"}),
            "signatures.refused",
            "HTTP 302 Found",
        ),
        (always(b"<html>", "text/html"), "signatures.wrong-answer", "Content-Type: text/html"),
        (always(b""), "signatures.wrong-answer", "TimeStampResp"),
        (always(b"\x30\x80"), "signatures.wrong-answer", "TimeStampResp"),
        (always(bytes(MAX_BYTES + 9)), "signatures.wrong-answer", f"> {MAX_BYTES} B"),
    ],
)
def test_server_that_does_wrong(
    trial: tuple[TrialAuthority, Path], answer: Answer, text_id: str, reason: str
) -> None:
    with serving(answer) as url:
        error = refused(HttpAuthority(url, "x", trial[1]), text_id)
        assert error.params == {"url": url, "reason": reason}


def test_password_is_not_sent_on_to_where_a_redirect_leads(trial: tuple[TrialAuthority, Path]) -> None:
    asked: list[str] = []
    with (
        serving(lambda handler, _: asked.append(str(handler.headers))) as elsewhere,
        serving(always(b"", status=307, headers={"Location": elsewhere})) as url,
    ):
        refused(HttpAuthority(url, "x", trial[1], user="u", password="p"), "signatures.refused")
    assert not asked


def test_server_that_breaks_off(trial: tuple[TrialAuthority, Path]) -> None:
    whole = trial[0].stamp(IMPRINT, NOW)
    with serving(always(whole[:-9], headers={"Content-Length": str(len(whole))})) as url:
        refused(HttpAuthority(url, "x", trial[1]), "signatures.wrong-answer")
    with serving(lambda *_: None) as url:
        refused(HttpAuthority(url, "x", trial[1]), "signatures.unreachable")


def test_server_that_is_not_there(trial: tuple[TrialAuthority, Path]) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else gets this port
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        refused(HttpAuthority(url, "x", trial[1]), "signatures.unreachable")


def test_server_that_never_answers(trial: tuple[TrialAuthority, Path]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        refused(HttpAuthority(url, "x", trial[1], timeout=0.2), "signatures.unreachable")


def test_server_over_a_proxy_only_if_told(
    trial: tuple[TrialAuthority, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        asked.append(handler.path)
        send(handler, REFUSAL)

    with serving(answer) as url:
        refused(HttpAuthority(url, "x", trial[1]), "signatures.refused")
        proxied = HttpAuthority("http://tsa.example/x", "x", trial[1], proxy=url.removesuffix("/tsa"))
        refused(proxied, "signatures.refused")
    assert asked == ["/tsa", "http://tsa.example/x"]


# -- settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tsa.example",
        "ftp://tsa.example/",
        "file:///etc/hostname",
        "http:///x",
        "https://u:p@tsa.example/",
    ],
)
def test_what_is_no_address(trial: tuple[TrialAuthority, Path], url: str) -> None:
    with pytest.raises(Misconfigured) as error:
        HttpAuthority(url, "x", trial[1])
    assert error.value.text_id == "signatures.address"


@pytest.mark.parametrize("policy", ["tsa", "1", "1..2", "1.02", "3.1"])
def test_what_is_no_policy(trial: tuple[TrialAuthority, Path], policy: str) -> None:
    with pytest.raises(Misconfigured) as error:
        HttpAuthority("https://tsa.example/", "x", trial[1], policy=policy)
    assert error.value.text_id == "signatures.policy"


def test_roots_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as error:
        HttpAuthority("https://tsa.example/", "x", tmp_path / "gone.pem")
    assert str(tmp_path / "gone.pem") in str(error.value.params["place"])
    (tmp_path / "empty.pem").write_text("# nothing yet\n")
    with pytest.raises(Misconfigured) as error:
        HttpAuthority("https://tsa.example/", "x", tmp_path / "empty.pem")
    assert error.value.text_id == "signatures.no-roots"
    assert "PEM" in error.value.hint("cs")
