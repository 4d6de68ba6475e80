"""A small clamd, as its manual page describes it (clamd(8): z commands, INSTREAM, StreamMaxLength), and its bad manners."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import nasty


class Clamd:
    """What it got, and how it answers: ``manner`` is a word of MANNERS."""

    def __init__(self, listener: socket.socket, most: int) -> None:
        self.manner, self.most = "good", most
        self.streams: list[bytes] = []
        self.commands: list[bytes] = []
        self.stopped = threading.Event()
        self._listener = listener

    @property
    def address(self) -> tuple[str, int] | str:
        name = self._listener.getsockname()
        return name if isinstance(name, str) else name[:2]

    def serve(self) -> None:
        while not self.stopped.is_set():
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            if self.stopped.is_set():
                line.close()
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def stop(self) -> None:
        self.stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self._listener.close()

    def _talk(self, line: socket.socket) -> None:
        with line, line.makefile("rb") as said, contextlib.suppress(OSError):
            command = self._command(said)
            self.commands.append(command)
            MANNERS[self.manner](self, line, said, command)

    @staticmethod
    def _command(said: BinaryIO) -> bytes:
        command = b""
        while (byte := said.read(1)) not in (b"\0", b""):
            command += byte
        return command

    def answer(self, line: socket.socket, said: BinaryIO, command: bytes) -> None:
        if command == b"zPING":
            line.sendall(b"PONG\0")
        elif command == b"zINSTREAM":
            line.sendall(self._scan(said) + b"\0")
        else:
            line.sendall(b"UNKNOWN COMMAND\0")

    def _scan(self, said: BinaryIO) -> bytes:
        whole = b""
        while size := int.from_bytes(said.read(4), "big"):
            if len(whole) + size > self.most:
                return b"INSTREAM size limit exceeded. ERROR"
            piece = said.read(size)
            assert len(piece) == size
            whole += piece
        self.streams.append(whole)
        return b"stream: Eicar-Test-Signature FOUND" if nasty.EICAR in whole else b"stream: OK"

    def drip(self, line: socket.socket, said: BinaryIO, command: bytes) -> None:
        """An answer that never ends, a letter at a time, none of them late."""
        self._scan(said)
        while not self.stopped.is_set():
            line.sendall(b"s")
            time.sleep(0.05)


def _says(answer: bytes) -> Callable[..., None]:
    """Listens to all, and says always the same."""

    def talk(clamd: Clamd, line: socket.socket, said: BinaryIO, command: bytes) -> None:
        if command == b"zINSTREAM":
            clamd._scan(said)
        line.sendall(answer)

    return talk


MANNERS: dict[str, Callable[..., None]] = {
    "good": Clamd.answer,
    "silent": lambda clamd, line, said, command: clamd.stopped.wait(60),
    "drips": Clamd.drip,
    "hangs up": lambda clamd, line, said, command: None,
    "agrees early": lambda clamd, line, said, command: line.sendall(b"stream: OK\0"),
    "echoes": lambda clamd, line, said, command: line.sendall(command + b"\0"),
    "speaks http": _says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "is cut off": _says(b"stream: OK"),
    "says nothing": _says(b"\0"),
    "almost agrees": _says(b"stream: OK, almost\0"),
    "agrees about another": _says(b"/etc/passwd: OK\0"),
    "talks for ever": _says(b"x" * 100_000),
    "is ill": _says(b"stream: Can't allocate memory ERROR\0"),
    "knows no command": _says(b"UNKNOWN COMMAND\0"),
}
SILENT = sorted(set(MANNERS) - {"good"})


@contextlib.contextmanager
def running(path: Path | None = None, most: int = 25_000_000) -> Iterator[Clamd]:
    """One on loopback, or at a path."""
    listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(os.fspath(path) if path else ("127.0.0.1", 0))
    listener.listen()
    clamd = Clamd(listener, most)
    thread = threading.Thread(target=clamd.serve, daemon=True)
    thread.start()
    try:
        yield clamd
    finally:
        clamd.stop()
        thread.join(5)
