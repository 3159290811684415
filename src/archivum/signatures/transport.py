"""One question to an HTTP server and its answer: no redirects, no environment, a limit on what is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from archivum.errors import Misconfigured
from archivum.signatures.token import MAX_BYTES


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered; a body over the limit is cut off one byte after it."""

    content_type: str
    body: bytes


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, proxy: str) -> Reply:
    """Send bytes and return the answer.

    Raises:
        Misconfigured: the server cannot be reached in time, or answers with another status than 2xx; a
            redirect counts as a refusal, since the password is for this server only.
    """
    request = Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 (http or https)
    try:
        with _opener(url, proxy).open(request, timeout=timeout) as answer:
            return Reply(answer.headers.get("Content-Type", ""), answer.read(MAX_BYTES + 1))
    except HTTPError as error:
        with error:
            reason = f"HTTP {error.code} {error.reason}"
        raise Misconfigured("signatures.refused", url=url, reason=reason) from error
    except URLError as error:
        raise Misconfigured("signatures.unreachable", url=url, reason=error.reason) from error
    except (OSError, HTTPException, ValueError) as error:
        raise Misconfigured("signatures.unreachable", url=url, reason=error or type(error)) from error


def _opener(url: str, proxy: str) -> OpenerDirector:
    """Return an opener that knows HTTP and HTTPS and nothing else."""
    opener = OpenerDirector()
    handlers = [HTTPHandler(), HTTPSHandler(), HTTPErrorProcessor(), HTTPDefaultErrorHandler()]
    for handler in (ProxyHandler({urlsplit(url).scheme: proxy} if proxy else {}), *handlers):
        opener.add_handler(handler)
    return opener
