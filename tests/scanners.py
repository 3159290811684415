"""Scanners for malicious code to test with: a real clamd where it is installed, and a stand-in anywhere.

Both know two harmless contents by their MD5: :data:`MARKER`, and EICAR's test file, which is put together
here so that no scanner stumbles over the repository. The stand-in keeps to clamd(8): ``z`` commands and
answers that end with NUL, ``INSTREAM`` in pieces with their lengths, "INSTREAM size limit exceeded. ERROR"
and a closed connection over ``StreamMaxLength``, ``Heuristics.Limits.Exceeded…``, ``Heuristics.Encrypted…``
where it is told to alert, and "OK" where it is not. It can also do what a real one does only when broken.
"""

import hashlib
import io
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

CLAMD: Final = shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

MARKER: Final = b"A harmless text that the scanners of these tests take for malicious code.\n"
EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
MARKER_NAME: Final = "Archivum.Test.Marker.UNOFFICIAL"  # clamd's word for what is not from its makers
EICAR_NAME: Final = "Archivum.Test.Eicar.UNOFFICIAL"
KNOWN: Final = {hashlib.md5(MARKER).hexdigest(): MARKER_NAME, hashlib.md5(EICAR).hexdigest(): EICAR_NAME}

STREAM_MAX: Final = 3 << 20
FILE_MAX: Final = 1 << 20
RECURSION: Final = 17


def zipped(data: bytes, name: str = "a.txt") -> bytes:
    """A ZIP file with one compressed entry."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr(zipfile.ZipInfo(name), data)
    return held.getvalue()


def locked(data: bytes) -> bytes:
    """A ZIP file whose entry is marked as encrypted (APPNOTE 6.3.10 §4.4.4, bit 0)."""
    made = bytearray(zipped(data))
    made[6] |= 1
    made[made.index(b"PK\1\2") + 8] |= 1
    return bytes(made)


class Running(Protocol):
    """A scanner that runs: where it listens, and what can befall it."""

    address: str

    def kill(self) -> None:
        """It dies."""

    def hang(self) -> None:
        """It is there and does nothing any more."""


class Clamd:
    """A real clamd with a database of two signatures."""

    def __init__(self, folder: Path, *, alert: bool, tcp: bool) -> None:
        database = folder / "db"
        database.mkdir()
        lines = (
            f"{hashlib.md5(data).hexdigest()}:{len(data)}:{name.removesuffix('.UNOFFICIAL')}\n"
            for data, name in ((MARKER, MARKER_NAME), (EICAR, EICAR_NAME))
        )
        (database / "test.hdb").write_text("".join(lines))
        port = _free_port()
        self.address = f"127.0.0.1:{port}" if tcp else str(folder / "clamd.sock")
        listen = f"TCPSocket {port}\nTCPAddr 127.0.0.1" if tcp else f"LocalSocket {self.address}"
        told = "yes" if alert else "no"
        (folder / "clamd.conf").write_text(
            f"Foreground yes\n{listen}\nDatabaseDirectory {database}\nTemporaryDirectory {folder}\n"
            f"AlertExceedsMax {told}\nAlertEncrypted {told}\nMaxRecursion {RECURSION}\n"
            f"StreamMaxLength {STREAM_MAX}\nMaxFileSize {FILE_MAX}\nMaxScanSize {4 * FILE_MAX}\n"
            "MaxThreads 4\n"
        )
        self._log = (folder / "log").open("wb")
        command = [str(CLAMD), "-c", str(folder / "clamd.conf")]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        _wait_for(self.address)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def hang(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def close(self) -> None:
        self.kill()
        self._log.close()


class StandIn:
    """A server that speaks clamd's protocol; ``broken`` is what it does instead of an answer to INSTREAM."""

    def __init__(
        self,
        folder: Path,
        *,
        alert: bool = True,
        tcp: bool = False,
        broken: str | None = None,
        version: str = "/27703",
    ) -> None:
        self.alert, self.broken, self.version = alert, broken, version
        self.known = dict(KNOWN)
        self.delay = 0.0
        self.sent: list[int] = []  # bytes of each stream that was read to its end
        self._gone = threading.Event()
        self._hanging = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.socket(socket.AF_INET if tcp else socket.AF_UNIX)
        self._listener.bind(("127.0.0.1", 0) if tcp else str(folder / "clamd.sock"))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}" if tcp else str(folder / "clamd.sock")
        self._listener.listen(64)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def kill(self) -> None:
        self._gone.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if not self.address.rpartition(":")[2].isdigit():
            Path(self.address).unlink(missing_ok=True)
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def hang(self) -> None:
        self._hanging.set()

    def close(self) -> None:
        self.kill()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while not self._gone.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            if self._gone.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, suppress(OSError):
            if self._hanging.is_set():
                self._gone.wait()
                return
            command = b""
            while not command.endswith(b"\0"):
                if not (one := stream.read(1)):
                    return
                command += one
            answer = self._answer(command, stream)
            if self._hanging.is_set():
                self._gone.wait()
            connection.sendall(answer)
        self._open.discard(connection)

    def _answer(self, command: bytes, stream: io.BufferedReader) -> bytes:
        if command == b"zPING\0":
            return b"PONG\0"
        if command == b"zVERSION\0":
            return f"ClamAV 1.4.6{self.version}\0".encode()
        if command == b"zINSTREAM\0":
            return self._instream(stream)
        return b"UNKNOWN COMMAND\0"

    def _instream(self, stream: io.BufferedReader) -> bytes:
        content = bytearray()
        while True:
            if len(head := stream.read(4)) < 4:
                raise ConnectionError
            (length,) = struct.unpack("!I", head)
            if not length:
                break
            if len(content) + length > STREAM_MAX:
                return b"INSTREAM size limit exceeded. ERROR\0"
            content += stream.read(length)
        self.sent.append(len(content))
        time.sleep(self.delay)
        said = self._scan(bytes(content), 1)
        trial = said.startswith("Heuristics")  # what shows whether it tells what it leaves out
        if self.broken is not None and not trial:
            return self.broken.encode("latin-1")
        return f"stream: {said}\0".encode()

    def _scan(self, content: bytes, depth: int) -> str:
        if name := self.known.get(hashlib.md5(content).hexdigest()):
            return f"{name} FOUND"
        if depth > RECURSION:
            return "Heuristics.Limits.Exceeded.MaxRecursion FOUND" if self.alert else "OK"
        if len(content) > FILE_MAX:
            return "Heuristics.Limits.Exceeded.MaxFileSize FOUND" if self.alert else "OK"
        if content.startswith(b"PK\3\4"):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                for entry in packed.infolist():
                    if entry.flag_bits & 1:
                        return "Heuristics.Encrypted.Zip FOUND" if self.alert else "OK"
                    if (said := self._scan(packed.read(entry), depth + 1)) != "OK":
                        return said
        return "OK"


@contextmanager
def running(kind: str, *, alert: bool = True, tcp: bool = False) -> Iterator[Clamd | StandIn]:
    """Have a scanner run; in a folder with a short name, for the paths of sockets are short."""
    folder = Path(tempfile.mkdtemp(prefix="scan-"))
    made = (Clamd if kind == "clamd" else StandIn)(folder, alert=alert, tcp=tcp)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder)


@contextmanager
def standing_in(broken: str | None = None, version: str = "/27703") -> Iterator[StandIn]:
    """Have a stand-in run that is broken in some way."""
    folder = Path(tempfile.mkdtemp(prefix="scan-"))
    made = StandIn(folder, broken=broken, version=version)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder)


def configure(archive: Path, address: str, **more: int) -> None:
    """Name a scanner in an archive's configuration."""
    place = archive / "archivum.toml"
    text = place.read_text("utf-8")
    assert text.count('\nsocket = ""\n') == 1
    head, found, tail = text.partition('\nsocket = ""\n')
    assert found
    for key, value in more.items():
        name = key.replace("_", "-")
        lines = [f"{name} = {value}" if one.startswith(f"{name} =") else one for one in tail.split("\n")]
        tail = "\n".join(lines)
    place.write_text(f'{head}\nsocket = "{address}"\n{tail}', "utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str) -> None:
    host, _, port = address.rpartition(":")
    for _ in range(200):
        with suppress(OSError), socket.socket(socket.AF_INET if host else socket.AF_UNIX) as probe:
            probe.connect((host, int(port)) if host else address)
            return
        time.sleep(0.05)
    raise AssertionError("clamd does not listen")
