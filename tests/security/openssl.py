# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS sessions between `openssl s_client` and `openssl s_server` with a pre-shared key, recorded between the two.

An identity is given as an argument of a command, which cannot hold a zero byte: of a meter's identities (client ID,
least significant byte first, and key ID) only some can be used.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

PSK = bytes.fromhex("4d41444520555020464f522054455354")
IDENTITY = b"\x64\x01\x01"
"""Client 0x0164, key 1."""
SUITE = "PSK-AES256-GCM-SHA384"
PATIENCE = 20.0
"""Seconds."""

CONFIGURATION = """openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = defaults
[defaults]
MinProtocol = TLSv1.2
"""
Stream = list[tuple[bool, bytes]]
"""What was sent: whether by the client, and the bytes."""


def version() -> str:
    """Of the library."""
    return subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.strip()


class _Process:
    """One openssl, with what it says."""

    def __init__(self, arguments: Sequence[str | bytes], configuration: Path) -> None:
        self.process = subprocess.Popen(
            ["openssl", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env={**os.environ, "OPENSSL_CONF": str(configuration)},
        )
        self.said = bytearray()
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        while data := self.process.stdout.read(65536):
            with self._more:
                self.said += data
                self._more.notify_all()

    def tell(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def wait_for(self, data: bytes, since: int = 0) -> None:
        with self._more:
            if not self._more.wait_for(lambda: data in self.said[since:], PATIENCE):
                raise AssertionError(f"{data!r} did not come, only {bytes(self.said[since:])!r}")

    def end(self, kill: bool) -> None:
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()
        if kill:
            self.process.kill()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self._thread.join(PATIENCE)


class Server:
    """A server that stands for the meter, with the sessions that it has one after the other.

    stream: the bytes of both directions, in their order, of all sessions. sent: what went into them.
    """

    def __init__(
        self, folder: Path, *options: str, extended: bool = True, suite: str = SUITE, identity: bytes = IDENTITY
    ) -> None:
        self.stream: Stream = []
        self.sent: Stream = []
        self._lock = threading.Lock()
        self._configuration = folder / "openssl.cnf"
        self._configuration.write_text(CONFIGURATION + ("" if extended else "Options = -ExtendedMasterSecret\n"))
        self._common: list[str | bytes] = ["-tls1_2", "-cipher", suite, "-psk", PSK.hex(), "-psk_identity", identity]
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        address = f"127.0.0.1:{self._port}"
        self.process = _Process(
            ["s_server", "-accept", address, "-nocert", *self._common, *options], self._configuration
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.end(kill=True)

    def connect(self, *options: str) -> Client:
        """A new session."""
        return Client(self, options)

    def _reach(self) -> socket.socket:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self._port))
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def _pump(self, from_client: bool, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                with self._lock:
                    self.stream.append((from_client, data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


class Client:
    """A client and its session."""

    def __init__(self, server: Server, options: Sequence[str]) -> None:
        self._server = server
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.settimeout(PATIENCE)
            address = f"127.0.0.1:{listening.getsockname()[1]}"
            arguments = ["s_client", "-connect", address, "-quiet", "-no_ign_eof"]
            self.process = _Process([*arguments, *server._common, *options], server._configuration)
            near, _ = listening.accept()
        far = server._reach()
        self._sockets = near, far
        self._threads = [
            threading.Thread(target=server._pump, args=arguments, daemon=True)
            for arguments in ((True, near, far), (False, far, near))
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: Any) -> None:
        self.process.end(kill=kind is not None)
        for thread in self._threads:
            thread.join(PATIENCE)
        for each in self._sockets:
            each.close()

    def send(self, from_client: bool, data: bytes) -> None:
        """Send bytes, and wait until they have come."""
        source, target = self.process, self._server.process
        if not from_client:
            source, target = target, source
        since = len(target.said)
        source.tell(data)
        target.wait_for(data, since)
        self._server.sent.append((from_client, data))

    def renegotiate(self, by_client: bool) -> None:
        """A handshake within the session; the next message comes after it. A server must not be quiet for that."""
        before = len(self._server.stream)
        (self.process if by_client else self._server.process).tell(b"R" if by_client else b"r\n")
        end = time.monotonic() + PATIENCE
        while min(self._messages(before, True), self._messages(before, False)) < 2:  # two of each side
            assert time.monotonic() < end, "the handshake did not end"
            time.sleep(0.02)

    def _messages(self, since: int, from_client: bool) -> int:
        return sum(side == from_client for side, _ in self._server.stream[since:])
