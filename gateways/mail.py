"""Mail: composing one message, and handing it to a mail server so that the answer can be trusted.

Nobody can send a mail exactly once, so what counts is to know, after every failure, who has the message now. A
`Verdict` says that. The point of no return is the final dot: until it has left, the server cannot have the mail.
"""

import email
import math
import os
import re
import secrets
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol, Self, get_args

import idna

Security = Literal["tls", "starttls", "none"]

_ANSWER_LENGTH = 300  # characters of a server's words that are kept
_RAW_ANSWER_LENGTH = 4_000  # characters of them that are looked at
_REPLY_SIZE = 65_536  # bytes of one reply, all its lines together
_PIECE = 16_384  # bytes sent at once: one TLS record
_GOODBYE = 2.0  # seconds a server gets for its last words
_LONGEST_LINE = 900  # characters of a header that is not folded; a line may have 998 (RFC 5322, 2.1.1)
_LONGEST_WORD = 60  # characters of a word in a folded header; a line should have 78

# Shutting down (RFC 5321, 3.8) and "who are you?" (RFC 4954, 6): true for every message, so never one message's fault.
_ABOUT_THE_SERVER = frozenset({421, 530, 534, 535, 538})

_ADDRESS_LIKE = re.compile(r"""(?:"[^"]*"|[^\s<>()\[\]",;:]+)(?:@|%40|\uff20)[^\s<>()",;]*""", re.IGNORECASE)
_BAD_ADDRESS = re.compile(r"#?5\.1\.1(?!\d)")
_REPLY_CODE = re.compile(rb"[2-5][0-9]{2}(?=[ \r\n-])")
_BAD_CHARACTER = re.compile(r"[^\t -~\u00a0-\u2027\u202a-\ud7ff\ue000-\U0010ffff]")
_PLAIN_WORDS = re.compile(r"[!-~]+(?: [!-~]+)*")
_SIMPLE_NAME = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(?:\.{_ATOM})*")
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_MAILBOX_NAME = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{9}Z-[0-9a-f]{16}\.eml")

# The headers below are written by hand and must leave as written. Python 3.11 folds a quoted name into several
# addresses, wraps long links into encoded words, and writes out a line break that a name carries as an encoded word.
_POLICY = SMTP.clone(refold_source="none")


class Verdict(StrEnum):
    """Who has the mail now, and whose fault it is if the server does not."""

    ACCEPTED = "accepted"  # the server has it
    RETRY = "retry"  # the server does not want this message now (4xx)
    REFUSED = "refused"  # the server will never want this message (5xx)
    SERVER_DOWN = "server_down"  # the server does not have it, and it is not the message's fault
    UNKNOWN = "unknown"  # the server may have it: the final dot had left when the line broke


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt: the verdict, the server's three-digit code if it gave one, and its words.

    `answer` has no control characters and no mail addresses and at most 300 characters. `address_is_bad`: the
    server says that nobody has this address (enhanced code 5.1.1, RFC 3463).
    """

    verdict: Verdict
    code: int | None
    answer: str
    address_is_bad: bool


class Mail(Protocol):
    """A way for mail to leave the house. A context manager: leaving it closes the connection."""

    def send(self, message: EmailMessage, recipient: str) -> Outcome:
        """Hand one message over for one recipient.

        Raises ValueError, with nothing sent, when an address cannot be written in SMTP; every other failure is an
        Outcome.
        """
        ...

    def close(self) -> None:
        """Let go of the connection, if one is open. Never fails; a later send opens a new one."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def build(
    *,
    sender: str,
    sender_name: str,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    message_id: str,
    date: datetime,
    extra: Mapping[str, str] = {},
) -> EmailMessage:
    """Compose one mail, as plain text and HTML, that leaves the house as ASCII lines whatever language it is in.

    `date` is aware; `message_id` stands in angle brackets; `extra` are further headers, printable ASCII only.
    Raises ValueError for a line break or control character in any header, an address that SMTP cannot carry, a naive
    date, and a header that is there already. Auto-Submitted: RFC 3834.
    """
    if date.utcoffset() is None:
        raise ValueError("the date of a mail needs a time zone")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("a Message-ID looks like <left@right>")
    message = EmailMessage(policy=_POLICY)
    message.set_raw("From", _named(sender_name, _mailbox(sender)))
    message.set_raw("To", _mailbox(recipient))
    message.set_raw("Subject", _readable("Subject", subject))
    message.set_raw("Date", format_datetime(date))
    message.set_raw("Message-ID", _verbatim("Message-ID", message_id))
    message.set_raw("Auto-Submitted", "auto-generated")
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    for name, value in extra.items():
        if not _HEADER_NAME.fullmatch(name) or name in message:
            raise ValueError(f"{name!r} cannot be a further header")
        message.set_raw(name, _verbatim(name, value))
    return message


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
        self._name = _domain(sender_domain)
        self._timeout = timeout
        self._total = total
        self._lock = threading.Lock()
        self._line: _Line | None = None

    def send(self, message: EmailMessage, recipient: str) -> Outcome:
        """Hand one message over for one recipient, in at most `total` seconds.

        Raises ValueError, with nothing sent, when an address cannot be written in SMTP.
        """
        deadline = time.monotonic() + self._total
        sender, recipient, wire = _sender(message), _mailbox(recipient), _wire(message)
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
                return _outcome(Verdict.SERVER_DOWN, code, words)
            if _is_yes(code):
                code, words = line.rcpt(recipient)
            if _is_yes(code):
                code, words = line.docmd("DATA")
                if code == 354:
                    return self._hand_over_body(line, wire)
        except OSError as problem:
            self._drop()
            return _failure(Verdict.SERVER_DOWN, problem)
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
            return _failure(Verdict.UNKNOWN, problem)
        if _is_yes(code):
            return _outcome(Verdict.ACCEPTED, code, words)
        return self._judge(code, words, otherwise=Verdict.UNKNOWN)

    def _judge(self, code: int, words: bytes, otherwise: Verdict) -> Outcome:
        """Read a refusal by its code; `otherwise` for a code that has no place here. Keeps only a sane connection."""
        verdict = {4: Verdict.RETRY, 5: Verdict.REFUSED}.get(code // 100, otherwise)
        if code in _ABOUT_THE_SERVER:
            verdict = Verdict.SERVER_DOWN
        if verdict not in (Verdict.RETRY, Verdict.REFUSED) or not self._reset():
            self._drop()
        return _outcome(verdict, code, words)

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


class MailboxMail(Mail):
    """Mail for developers: each message becomes a file in `folder`, and nothing leaves the machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage, recipient: str) -> Outcome:
        """Keep one message, whole or not at all, in a file that only this user may read."""
        _mailbox(recipient)
        wire = _wire(message)
        seconds, fraction = divmod(time.time_ns(), 1_000_000_000)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
        target = self._folder / f"{stamp}.{fraction:09d}Z-{secrets.token_hex(8)}.eml"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(target, wire)
        except OSError as problem:
            return _failure(Verdict.SERVER_DOWN, problem)
        return Outcome(Verdict.ACCEPTED, None, f"kept as {target.name}", False)

    def close(self) -> None:
        """Nothing is held open."""

    def messages(self) -> list[tuple[str, EmailMessage]]:
        """All messages kept, newest first, each with the name that `message` takes."""
        names = sorted((path.name for path in self._folder.glob("*.eml")), reverse=True)
        return [(name, found) for name in names if (found := self.message(name)) is not None]

    def message(self, name: str) -> EmailMessage | None:
        """One message by its name; None for a name that was never given out or is gone."""
        if not _MAILBOX_NAME.fullmatch(name):
            return None
        try:
            return email.message_from_bytes((self._folder / name).read_bytes(), policy=_POLICY)
        except FileNotFoundError:
            return None


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
                raise smtplib.SMTPException(f"this is no mail server's answer: {_clean(line[:80])}")
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


def _failure(verdict: Verdict, problem: OSError) -> Outcome:
    """The outcome of a broken conversation, in the server's words if it had any."""
    if isinstance(problem, smtplib.SMTPResponseException):
        return _outcome(verdict, problem.smtp_code, problem.smtp_error)
    return _outcome(verdict, None, problem.strerror or str(problem) or type(problem).__name__)


def _outcome(verdict: Verdict, code: int | None, words: bytes | str) -> Outcome:
    answer = _clean(words)
    return Outcome(verdict, code, answer, verdict == Verdict.REFUSED and bool(_BAD_ADDRESS.match(answer)))


def _clean(words: bytes | str) -> str:
    """A server's words made safe to keep: one line, no control characters, no addresses, not too long."""
    text = words if isinstance(words, str) else words.decode(errors="replace")
    line = " ".join(text[:_RAW_ANSWER_LENGTH].split())
    printable = "".join(letter for letter in line if letter.isprintable())
    return _ADDRESS_LIKE.sub("[address]", printable)[:_ANSWER_LENGTH]


def _mailbox(address: str) -> str:
    """An address as SMTP writes it, its domain in ASCII. Raises ValueError."""
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError("letters outside ASCII before the @ of an address are not supported (SMTPUTF8)")
    if not _LOCAL_PART.fullmatch(local):
        raise ValueError("an address needs a plain name before the @")
    return f"{local}@{_domain(domain)}"


def _domain(name: str) -> str:
    """A domain in ASCII. By IDNA 2008: the older rules would send mail for straße.example to strasse.example."""
    plain = name if name.isascii() else idna.encode(name, uts46=True).decode("ascii")
    if not _DOMAIN.fullmatch(plain):
        raise ValueError("a domain has letters, digits and hyphens between dots")
    return plain


def _host(name: str) -> str:
    """The name or address of a mail server; looser than a mail domain, as containers have underscores.

    Raises ValueError.
    """
    if not name:
        raise ValueError("a mail server needs a name")
    plain = name if name.isascii() else _domain(name)
    plain.encode("idna")  # as every connection will: a ValueError for empty and overlong parts
    return plain


def _sender(message: EmailMessage) -> str:
    """The address that the message is from. Raises ValueError when there is none, or more than one."""
    if message["From"] is None or len(message["From"].addresses) != 1:
        raise ValueError("a mail is from one address")
    return _mailbox(message["From"].addresses[0].addr_spec)


def _wire(message: EmailMessage) -> bytes:
    """The message as seven-bit lines, each ended by CR LF and by nothing else (RFC 5321, 2.3.8)."""
    raw = message.as_bytes(policy=message.policy.clone(cte_type="7bit", linesep="\r\n"))
    return raw.removesuffix(b"\r\n") + b"\r\n"


def _checked(name: str, value: str) -> str:
    """The value of a header, if it cannot end the header. Raises ValueError."""
    if _BAD_CHARACTER.search(value):
        raise ValueError(f"{name} has a line break or another control character")
    return value


def _is_plain(value: str) -> bool:
    """Words of printable ASCII, single spaces between them, and nothing that would be read as an encoded word."""
    return bool(_PLAIN_WORDS.fullmatch(value)) and "=?" not in value


def _verbatim(name: str, value: str) -> str:
    """A header that machines read: never encoded, never folded. Raises ValueError."""
    if not _is_plain(_checked(name, value)) or len(value) > _LONGEST_LINE:
        raise ValueError(f"{name} may hold {_LONGEST_LINE} printable ASCII characters, with single spaces")
    return value


def _readable(name: str, value: str) -> str:
    """A header that people read: as it is if it can be, otherwise in encoded words (RFC 2047)."""
    plain = _is_plain(_checked(name, value)) and max(map(len, value.split())) < _LONGEST_WORD
    return Header(value, "us-ascii" if plain else "utf-8", header_name=name).encode(linesep="\r\n")


def _named(name: str, address: str) -> str:
    """A name and its address; a name of more than letters, digits and spaces is encoded and so means nothing else."""
    if not _checked("the sender's name", name):
        return address
    if _SIMPLE_NAME.fullmatch(name) and len(name) < _LONGEST_WORD:
        return f"{name} <{address}>"
    words = Header(name, "utf-8", header_name="From").encode(linesep="\r\n")
    return f"{words}\r\n <{address}>"


def _write_whole(target: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees a part of it. Raises OSError, and then leaves nothing behind."""
    part = target.with_name(f".{target.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        os.replace(part, target)
    except OSError:
        part.unlink(missing_ok=True)
        raise
