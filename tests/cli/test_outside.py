"""Whatever a package asks for outside of itself is neither opened nor fetched.

What is asked for is a named pipe, on which whoever opens it waits for ever, or an address at which this test
listens.
"""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fixtures.bags import bag
from fixtures.sip import spis
from tests.cli.running import apart, here


class Listening(BaseHTTPRequestHandler):
    """Notes what is asked for."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    do_HEAD = do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    with HTTPServer(("127.0.0.1", 0), type("Here", (Listening,), {"asked": asked})) as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{one.server_port}", asked
        one.shutdown()
        thread.join()


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """A named pipe; nobody has opened it when the test is over."""
    place = tmp_path / "roura"
    os.mkfifo(place)
    yield place
    with pytest.raises(OSError, match="No such device"):  # ENXIO: there is no reader
        os.open(place, os.O_WRONLY | os.O_NONBLOCK)


DOCTYPES = {
    "document type": '<!DOCTYPE mets:mets SYSTEM "{url}">',
    "public document type": '<!DOCTYPE mets:mets PUBLIC "-//X//Y" "{url}">',
    "entity": '<!DOCTYPE mets:mets [<!ENTITY x SYSTEM "{url}">]>',
    "parameter entity": '<!DOCTYPE mets:mets [<!ENTITY % x SYSTEM "{url}"> %x;]>',
    "style sheet": '<?xml-stylesheet type="text/xsl" href="{url}"?>',
}
PLACES = {
    "schema": ("<mets:mets ", '<mets:mets xsi:noNamespaceSchemaLocation="{url}" '),
    "inclusion": (
        "<mets:name>",
        '<mets:name><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{url}"/>',
    ),
    "file": ('xlink:href="komponenty/', 'xlink:href="{url}/komponenty/'),
}


def asking(sent: Path, how: str, url: str) -> Path:
    """A SIP whose METS file asks for an address."""
    path = spis(0).write_folder(sent)
    text = (path / "mets.xml").read_text("utf-8")
    if how in DOCTYPES:
        head, _, rest = text.partition("\n")
        used = rest.replace("<mets:name>", "<mets:name>&x;", 1) if how == "entity" else rest
        text = f"{head}\n{DOCTYPES[how].format(url=url)}\n{used}"
    else:
        old, new = PLACES[how]
        assert old in text
        text = text.replace(old, new.format(url=url), 1)
    (path / "mets.xml").write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("how", [*DOCTYPES, *PLACES])
def test_no_address_is_fetched(how: str, server: tuple[str, list[str]], archive: Path, sent: Path) -> None:
    url, asked = server
    ran = here("--archive", archive, "--json", "ingest", asking(sent, how, f"{url}/x"))
    assert ran.code == (0 if how in ("style sheet", "schema") else 3), ran.package["reasons"]
    assert asked == []


@pytest.mark.parametrize("how", [*DOCTYPES, *PLACES])
def test_no_file_is_opened(how: str, pipe: Path, archive: Path, sent: Path) -> None:
    ran = apart("--archive", archive, "--json", "ingest", asking(sent, how, pipe.as_uri()))
    assert ran.code == (0 if how in ("style sheet", "schema") else 3), ran.package["reasons"]


@pytest.mark.parametrize(
    "line", ["{url}/a.tif 1 data/a.tif", "{url}/a.tif - data/a.tif", "{pipe} - data/a.tif"]
)
def test_a_bag_fetches_nothing(
    line: str, server: tuple[str, list[str]], pipe: Path, archive: Path, sent: Path
) -> None:
    url, asked = server
    path = bag(0).write_folder(sent)
    (path / "fetch.txt").write_text(line.format(url=url, pipe=pipe.as_uri()) + "\n")
    ran = here("--archive", archive, "--json", "ingest", path)
    assert ran.code == 3 and "bag-fetch" in ran.package["reasons"]
    assert asked == []


def test_a_link_is_not_followed(pipe: Path, archive: Path, sent: Path) -> None:
    path = bag(0).write_folder(sent)
    (path / "data/odkaz").symlink_to(pipe)
    ran = apart("--archive", archive, "--json", "ingest", path)
    assert ran.code == 3 and "entry-link" in ran.package["reasons"]
