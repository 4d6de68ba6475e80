"""A virus scanner: clamd, spoken to as its manual page (clamd(8), INSTREAM) says.  It gets bytes and no name, and answers in one line."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Iterable, Iterator
from typing import Any, Literal

Address = tuple[str, int] | str  # host and port, or the path of a socket
PIECE = 64 * 1024
_MOST = 4096  # bytes of an answer
_TOO_LARGE = b"INSTREAM size limit exceeded. ERROR"


class NoAnswer(Exception):
    """The scanner cannot be reached, takes too long, or says what is no answer; ``args[0]`` is why, without a word of the file."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the scanner says of a file, and how it calls what it found."""

    verdict: Literal["clean", "infected", "too_large"]
    found: str = ""


def scan(address: Address, body: bytes, *, seconds: float) -> Answer:
    """What the scanner says of these bytes, within so many seconds in all.  Raises NoAnswer."""
    said, is_sent = _ask(address, _stream(body), seconds)
    if said.startswith(b"stream: ") and said.endswith(b" FOUND"):
        return Answer("infected", _plain(said[len(b"stream: ") : -len(b" FOUND")]))
    if said == _TOO_LARGE:
        return Answer("too_large")
    if said == b"stream: OK" and is_sent:  # who has not heard all of it cannot know
        return Answer("clean")
    raise NoAnswer(_plain(said) if said.startswith(b"stream: ") and said.endswith(b" ERROR") else "what it said is no answer")


def is_there(address: Address, *, seconds: float) -> bool:
    """True when a scanner answers."""
    try:
        return _ask(address, [b"zPING\0"], seconds)[0] == b"PONG"
    except NoAnswer:
        return False


def _stream(body: bytes) -> Iterator[bytes]:
    yield b"zINSTREAM\0"
    for start in range(0, len(body), PIECE):
        piece = body[start : start + PIECE]
        yield len(piece).to_bytes(4, "big") + piece
    yield bytes(4)


def _ask(address: Address, pieces: Iterable[bytes], seconds: float) -> tuple[bytes, bool]:
    """What is answered, and whether all that was to be said could be said."""
    end = time.monotonic() + seconds
    try:
        with _connected(address, end) as line:
            is_sent = _send(line, pieces, end)
            return _answer(line, end), is_sent
    except OSError as error:
        raise NoAnswer(type(error).__name__) from None


def _connected(address: Address, end: float) -> socket.socket:
    """A connection to the first of its addresses that answers; a name is looked up in the system's own time."""
    refused: OSError = FileNotFoundError()
    for family, place in _places(address):
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.settimeout(_left(end))
            line.connect(place)
            return line
        except OSError as error:
            line.close()
            refused = error
    raise refused


def _places(address: Address) -> list[tuple[int, Any]]:
    if isinstance(address, str):
        return [(socket.AF_UNIX, address)]
    return [(family, place) for family, _, _, _, place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM)]


def _send(line: socket.socket, pieces: Iterable[bytes], end: float) -> bool:
    for piece in pieces:
        line.settimeout(_left(end))
        try:
            line.sendall(piece)
        except ConnectionError:
            return False  # it has heard enough, and may have said why
    return True


def _answer(line: socket.socket, end: float) -> bytes:
    """The answer up to the NUL that ends it; empty when it was cut off."""
    said = b""
    while b"\0" not in said and len(said) < _MOST:
        line.settimeout(_left(end))
        if not (more := line.recv(_MOST)):
            break
        said += more
    answer, ended, _ = said.partition(b"\0")
    return answer if ended else b""


def _left(end: float) -> float:
    if (left := end - time.monotonic()) <= 0:
        raise TimeoutError
    return left


def _plain(said: bytes) -> str:
    """Letters that may stand in a log."""
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in said[:100])
