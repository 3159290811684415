"""A real time-stamping authority, reached over HTTP or HTTPS (RFC 3161 §3.4)."""

import base64
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archivum.errors import Misconfigured
from archivum.model import Severity, Verdict
from archivum.signatures import verify
from archivum.signatures.request import time_stamp_request
from archivum.storage.durable import world

if TYPE_CHECKING:
    from archivum.signatures.transport import Reply

QUERY: Final = "application/timestamp-query"
REPLY: Final = "application/timestamp-reply"
DEFAULT_TIMEOUT: Final = 30.0

# No user or password in the address: it stands in messages.
_ADDRESS: Final = re.compile(r"https?://[^\s/?#@]+([/?][^\s#]*)?", re.IGNORECASE | re.ASCII)
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+", re.ASCII)


def new_nonce() -> int:
    """Return a number that no earlier answer can hold (RFC 3161 §2.4.1 suggests 64 bits)."""
    return secrets.randbits(64)


class HttpAuthority:
    """The authority at an address; every answer is checked before it is given on.

    ``roots`` is a PEM file with the certificates that its stamps are trusted by, the root last; ``timeout``
    is in seconds; ``proxy`` is the URL of a proxy. The environment's own proxies are not asked.
    """

    trial = False

    def __init__(
        self,
        url: str,
        name: str,
        roots: Path,
        *,
        user: str = "",
        password: str = "",
        policy: str = "",
        timeout: float = DEFAULT_TIMEOUT,
        proxy: str = "",
        nonce: Callable[[], int] = new_nonce,
    ) -> None:
        """Note where the authority is; it is not asked yet.

        Raises:
            Misconfigured: the address or the policy is none, or the file holds no certificate.
        """
        if not _ADDRESS.fullmatch(url):
            raise Misconfigured("signatures.address", url=url)
        if policy and not _OID.fullmatch(policy):
            raise Misconfigured("signatures.policy", policy=policy)
        with world(roots):
            self._chain = roots.read_bytes()
        if b"-----BEGIN CERTIFICATE-----" not in self._chain:
            raise Misconfigured("signatures.no-roots", place=roots)
        self.name = name or url
        self._url, self._policy, self._timeout, self._proxy, self._nonce = url, policy, timeout, proxy, nonce
        self._headers = {"Content-Type": QUERY, "Accept": REPLY, "User-Agent": "archivum"}
        if user or password:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
            self._headers["Authorization"] = f"Basic {pair}"

    def chain(self) -> bytes:
        """Return the certificates in the file."""
        return self._chain

    def stamp(self, imprint: bytes, at: datetime) -> bytes:
        """Return the authority's TimeStampResp for a SHA-512 digest; its time is that of its own clock.

        Raises:
            Misconfigured: it cannot be reached, refuses, or its answer does not hold.
        """
        from archivum.signatures.transport import post  # noqa: PLC0415 (urllib: 0.05 s to import)

        nonce = self._nonce()
        request = time_stamp_request(imprint, nonce, self._policy)
        reply = post(self._url, request, self._headers, timeout=self._timeout, proxy=self._proxy)
        self._check_reply(reply)
        self._check_answer(reply.body, imprint, nonce)
        return reply.body

    def _check_reply(self, reply: "Reply") -> None:
        from archivum.signatures.token import MAX_BYTES  # noqa: PLC0415

        kind = reply.content_type.partition(";")[0].strip().lower()
        if kind != REPLY:
            raise self._wrong(f"Content-Type: {reply.content_type}")
        if len(reply.body) > MAX_BYTES:
            raise self._wrong(f"> {MAX_BYTES} B")

    def _check_answer(self, body: bytes, imprint: bytes, nonce: int) -> None:
        """Check what RFC 3161 §2.2 asks of the requester: status, nonce, policy, imprint, signature."""
        from archivum.signatures.token import Unreadable, read_response, read_token  # noqa: PLC0415

        try:
            answer = read_response(body)
            if answer.status not in (0, 1) or answer.token is None:
                raise Misconfigured("signatures.refused", url=self._url, reason=answer.reason)
            token = read_token(answer.token)
        except Unreadable as error:
            raise self._wrong(str(error)) from error
        if token.nonce != nonce:
            raise self._wrong("nonce")
        if self._policy and token.policy != self._policy:
            raise self._wrong(f"policy {token.policy}")
        stamp = verify(body, imprint, self._chain)
        if stamp.verdict is not Verdict.PASSED:
            found = (f for f in stamp.findings if f.severity is not Severity.INFO)
            raise self._wrong("; ".join(f"{one.code}: {one.params['reason']}" for one in found))

    def _wrong(self, reason: str) -> Misconfigured:
        return Misconfigured("signatures.wrong-answer", url=self._url, reason=reason)
