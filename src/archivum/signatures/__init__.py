"""Proof: time-stamps (RFC 3161), who makes them and whether they hold.

Nothing heavy is loaded until a stamp is made or verified.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from archivum.model import Finding, Verdict

# A policy under the arc of UUIDs (ITU-T X.667): stamps under it are trials and prove nothing to anyone else.
TRIAL_POLICY: Final = f"2.25.{UUID('655ae220-95ca-40d5-adea-525b6fa5a1dd').int}"


class TimeStampingAuthority(Protocol):
    """Who says that some bytes existed at a time; ``trial`` if it says so only to try things out."""

    @property
    def name(self) -> str:
        """What the authority is called."""
        ...

    @property
    def trial(self) -> bool:
        """Whether its stamps are trials, without any force outside the archive."""
        ...

    def stamp(self, imprint: bytes, at: datetime) -> bytes:
        """Return a granted TimeStampResp (RFC 3161 §2.4.2, DER) for a SHA-512 digest of 64 bytes.

        ``at`` is the time that the archive gives to the act; an authority with a clock of its own ignores it.

        Raises:
            Misconfigured: the authority cannot be reached, refuses, or its answer does not hold.
        """
        ...

    def chain(self) -> bytes:
        """Return the certificates that a verifier needs, in PEM, the root last."""
        ...


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """What a time-stamp says and whether it holds; None and "" where that could not be read.

    ``authority`` is the common name in the signing certificate. ``verdict`` is failed if any finding of
    severity error is, indeterminate if something needed could not be settled (warnings), else passed;
    findings of severity info do not change it.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    time: datetime | None = None
    accuracy: timedelta | None = None
    serial: int | None = None
    policy: str = ""
    authority: str = ""
    trial: bool = False


def verify(response: bytes, imprint: bytes, roots_pem: bytes | None, *, subject: str = "") -> TimeStamp:
    """Return what a TimeStampResp (RFC 3161 §2.4.2) says of a digest, and whether that holds.

    ``imprint`` is a SHA-2 (or SHA-1) digest, its algorithm told by its length; ``roots_pem`` holds the
    certificates to trust (self-issued ones, or the last if there is none) and others between; ``subject`` is
    the path that findings are about. Any bytes get a verdict; nothing is raised for what is in them.
    Revocation is not looked at, and a finding says so.
    """
    from archivum.signatures import validation  # noqa: PLC0415 (0.1 s to import)

    return validation.verify(response, imprint, roots_pem, subject)


def verify_token(token: bytes, imprint: bytes, roots_pem: bytes | None, *, subject: str = "") -> TimeStamp:
    """Return the same of a bare TimeStampToken, as signatures and data messages embed it."""
    from archivum.signatures import validation  # noqa: PLC0415

    return validation.verify_token(token, imprint, roots_pem, subject)
