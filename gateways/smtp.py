"""Mail through a mail server, so that its answer can be trusted.

The point of no return is the final dot: until it has left, the server cannot have the mail.
"""

import math
import re
import smtplib
import socket
import ssl
import threading
import time
from contextlib import suppress
from email.message import EmailMessage
from typing import Any, Literal, get_args

from gateways.mail import (
    Mail,
    Outcome,
    Verdict,
    ascii_domain,
    clean_words,
    failed,
    mailbox_of,
    outcome_of,
    sender_of,
    wire_of,
)

Security = Literal["tls", "starttls", "none"]

_REPLY_SIZE = 65_536  # bytes of one reply, all its lines together
_PIECE = 16_384  # bytes sent at once: one TLS record
_GOODBYE = 2.0  # seconds a server gets for its last words
# Shutting down (RFC 5321, 3.8) and "who are you?" (RFC 4954, 6): true for every message, so never one message's fault.
_ABOUT_THE_SERVER = frozenset({421, 530, 534, 535, 538})
_REPLY_CODE = re.compile(rb"[2-5][0-9]{2}(?=[ \r\n-])")


class SmtpMail(Mail):
    """Mail through an SMTP server, over one connection that is kept open between sends.

    `timeout`: seconds the server may be silent. `total`: seconds for one whole send, the wait for another thread's
    send included; only the final answer may take all that is left of it, because giving up on it makes a second copy
    (RFC 5321, 4.5.3.2.6). `sender_domain`: the name given in EHLO. `security` is kept to: no certificate, no mail.
    Raises ValueError for settings that cannot work and for a context that would not verify the server.
    """

    def __init__(
        self,
        host: str,
        port: int,
        security: Security,
        user: str | None,
        password: str | None,
        sender_domain: str,
        timeout: float = 30.0,
        total: float = 240.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        if security not in get_args(Security):
            raise ValueError(f"the security of a mail server is one of {', '.join(get_args(Security))}")
        if context is not None and not (context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname):
            raise ValueError("a mail server's certificate and name are always verified")
        self._context = context
        self._host = _host(host)
        self._port = port
        self._security = security
        self._user = user or ""
        self._password = password or ""
        self._name = ascii_domain(sender_domain)
        self._timeout = timeout
        self._total = total
        self._lock = threading.Lock()
        self._line: _Line | None = None

    def send(self, message: EmailMessage, recipient: str) -> Outcome:
        """Hand one message over for one recipient, in at most `total` seconds.

        Raises ValueError, with nothing sent, when an address cannot be written in SMTP.
        """
        deadline = time.monotonic() + self._total
        sender, recipient, wire = sender_of(message), mailbox_of(recipient), wire_of(message)
        if not self._lock.acquire(timeout=self._total):
            return Outcome(Verdict.SERVER_DOWN, None, "the connection was busy with another mail", False)
        try:
            return self._hand_over(sender, recipient, wire, deadline)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Say goodbye to the server and close the connection, in two seconds at most."""
        with self._lock:
            if self._line is not None:
                self._line.deadline = time.monotonic() + _GOODBYE
                with suppress(OSError):
                    self._line.quit()
            self._drop()

    def _hand_over(self, sender: str, recipient: str, wire: bytes, deadline: float) -> Outcome:
        """Go through the steps of one mail; whatever breaks in here breaks before the final dot."""
        try:
            line, code, words = self._begin(sender, deadline)
            if code // 100 == 5:  # the sender is refused: true for every message, so never one message's fault
                self._drop()
                return outcome_of(Verdict.SERVER_DOWN, code, words)
            if _is_yes(code):
                code, words = line.rcpt(recipient)
            if _is_yes(code):
                code, words = line.docmd("DATA")
                if code == 354:
                    return self._hand_over_body(line, wire)
        except OSError as problem:
            self._drop()
            return failed(Verdict.SERVER_DOWN, problem)
        return self._judge(code, words, otherwise=Verdict.SERVER_DOWN)

    def _begin(self, sender: str, deadline: float) -> tuple["_Line", int, bytes]:
        """Get an answer to MAIL FROM: on the kept connection or, if that one is dead, on a new one."""
        if self._line is not None:
            self._line.deadline = deadline
            with suppress(OSError):
                code, words = self._line.mail(sender)
                if code != 421:  # 421 here: the server has closed an idle connection
                    return self._line, code, words
            self._drop()
        self._line = self._open(deadline)
        return self._line, *self._line.mail(sender)

    def _open(self, deadline: float) -> "_Line":
        """Connect, encrypt as asked and sign in. Raises OSError, and then nothing stays open."""
        line = _Line(self._name, self._timeout, deadline)
        try:
            line.dial(self._host, self._port)
            if self._security == "tls":
                line.encrypt(self._context, self._host)
            _expect(220, line.getreply())
            _expect(250, line.ehlo())
            if self._security == "starttls":
                _expect(220, line.docmd("STARTTLS"))
                line.encrypt(self._context, self._host)
                _expect(250, line.ehlo())
            if self._user:
                line.sign_in(self._user, self._password)
        except BaseException:
            line.close()
            raise
        return line

    def _hand_over_body(self, line: "_Line", wire: bytes) -> Outcome:
        """Send the text and the final dot, and read the answer that decides. Raises OSError if the dot never left."""
        try:
            line.send(re.sub(rb"(?m)^\.", b"..", wire))
            line.send(b".\r\n")
        except OSError:
            code, words = line.parting_words()
            self._drop()
            return self._judge(code, words, otherwise=Verdict.SERVER_DOWN)
        try:
            code, words = line.final_answer()
        except OSError as problem:
            self._drop()
            return failed(Verdict.UNKNOWN, problem)
        if _is_yes(code):
            return outcome_of(Verdict.ACCEPTED, code, words)
        return self._judge(code, words, otherwise=Verdict.UNKNOWN)

    def _judge(self, code: int, words: bytes, otherwise: Verdict) -> Outcome:
        """Read a refusal by its code; `otherwise` for a code that has no place here. Keeps only a sane connection."""
        verdict = {4: Verdict.RETRY, 5: Verdict.REFUSED}.get(code // 100, otherwise)
        if code in _ABOUT_THE_SERVER:
            verdict = Verdict.SERVER_DOWN
        if verdict not in (Verdict.RETRY, Verdict.REFUSED) or not self._reset():
            self._drop()
        return outcome_of(verdict, code, words)

    def _reset(self) -> bool:
        """Make the server forget the refused message, so that the next one starts clean."""
        with suppress(OSError):
            return self._line is not None and _is_yes(self._line.rset()[0])
        return False

    def _drop(self) -> None:
        """Close the connection without a word."""
        line, self._line = self._line, None
        if line is not None:
            with suppress(OSError):
                line.close()


class _Line(smtplib.SMTP):
    """One SMTP connection on which no wait outlasts `patience` seconds of silence nor the `deadline` of the mail.

    The library's own timeouts start again with every byte, so a server that dribbles could hold a mail for hours.
    """

    def __init__(self, name: str, patience: float, deadline: float) -> None:
        super().__init__(local_hostname=name)
        self.patience = patience
        self.deadline = deadline

    def dial(self, host: str, port: int) -> None:
        """Connect to the first address of the host that answers. Raises OSError."""
        problem = OSError("the mail server's name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            self.sock = socket.socket(family, kind, protocol)
            try:
                self._arm().connect(address)
                self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return
            except OSError as error:
                self.close()
                problem = error
        raise problem

    def encrypt(self, context: ssl.SSLContext | None, host: str) -> None:
        """Verify the server and encrypt from here on; what it said in clear is forgotten (RFC 3207, 4.2)."""
        context = context or ssl.create_default_context()
        self.sock = context.wrap_socket(self._arm(), server_hostname=host)
        self.file = self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}

    def sign_in(self, user: str, password: str) -> None:
        """Authenticate. Raises OSError, for letters that the library cannot send too."""
        try:
            self.login(user, password)
        except UnicodeError:
            raise smtplib.SMTPException("the user name and password may hold ASCII letters only") from None

    def send(self, s: Any) -> None:
        """Send bytes or an ASCII command, piece by piece, each in time."""
        data = s.encode("ascii") if isinstance(s, str) else bytes(s)
        for start in range(0, len(data), _PIECE):
            self._arm().sendall(data[start : start + _PIECE])

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply: its code and its words. Raises OSError for silence, an end, or what is not SMTP at all."""
        words: list[bytes] = []
        size = 0
        while (size := size + len(line := self._read_line())) <= _REPLY_SIZE:
            code = _REPLY_CODE.match(line)
            if code is None:
                raise smtplib.SMTPException(f"this is no mail server's answer: {clean_words(line[:80])}")
            words.append(line[4:].strip())
            if line[3:4] != b"-":
                return int(code[0]), b"\n".join(words)
        raise smtplib.SMTPException("the server's answer does not end")

    def final_answer(self) -> tuple[int, bytes]:
        """Read the answer to the final dot, which may take as long as the mail has time left."""
        usual, self.patience = self.patience, math.inf
        try:
            return self.getreply()
        finally:
            self.patience = usual

    def parting_words(self) -> tuple[int, bytes]:
        """Read why a server hung up in the middle of a message. Raises OSError if it did not say."""
        self.patience = min(self.patience, _GOODBYE)
        return self.getreply()

    def _read_line(self) -> bytes:
        """Read up to a line feed, with the deadline before each wait."""
        if self.file is None:
            self.file = self._arm().makefile("rb")
        line = b""
        while not line.endswith(b"\n") and len(line) <= _REPLY_SIZE:
            self._arm()
            waiting: bytes = self.file.peek(1)  # waits once at most, and never for more than one piece
            if not waiting:
                raise smtplib.SMTPServerDisconnected("the server closed the connection")
            line += self.file.read(waiting.find(b"\n") + 1 or len(waiting))
        return line

    def _arm(self) -> socket.socket:
        """The socket, set to wait as long as is left. Raises OSError when that is nothing."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("there is no connection")
        left = min(self.patience, self.deadline - time.monotonic())
        if left <= 0:
            raise TimeoutError("the time for one mail was over")
        self.sock.settimeout(left)
        return self.sock


def _is_yes(code: int) -> bool:
    return 200 <= code < 300


def _expect(code: int, reply: tuple[int, bytes]) -> None:
    """Go on only with this code. Raises OSError."""
    if reply[0] != code:
        raise smtplib.SMTPResponseException(*reply)


def _host(name: str) -> str:
    """The name or address of a mail server; looser than a mail domain, as containers have underscores.

    Raises ValueError.
    """
    if not name:
        raise ValueError("a mail server needs a name")
    plain = name if name.isascii() else ascii_domain(name)
    plain.encode("idna")  # as every connection will: a ValueError for empty and overlong parts
    return plain
