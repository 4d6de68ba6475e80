"""Mail: composing one message, and what may come of handing it over.

Nobody can send a mail exactly once, so what counts is to know, after every failure, who has the message now. A
`Verdict` says that. How a message leaves the house: `gateways.smtp`, and for developers `gateways.mailbox`.
"""

import re
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from typing import Protocol, Self

import idna

_ANSWER_LENGTH = 300  # characters of a server's words that are kept
_RAW_ANSWER_LENGTH = 4_000  # characters of them that are looked at
_LONGEST_LINE = 900  # characters of a header that is not folded; a line may have 998 (RFC 5322, 2.1.1)
_LONGEST_WORD = 60  # characters of a word in a folded header; a line should have 78
_ADDRESS_LIKE = re.compile(r"""(?:"[^"]*"|[^\s<>()\[\]",;:]+)(?:@|%40|\uff20)[^\s<>()",;]*""", re.IGNORECASE)
_BAD_ADDRESS = re.compile(r"#?5\.1\.1(?!\d)")
_BAD_CHARACTER = re.compile(r"[^\t -~\u00a0-\u2027\u202a-\ud7ff\ue000-\U0010ffff]")
_PLAIN_WORDS = re.compile(r"[!-~]+(?: [!-~]+)*")
_SIMPLE_NAME = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(?:\.{_ATOM})*")
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
# The headers below are written by hand and must leave as written. Python 3.11 folds a quoted name into several
# addresses, wraps long links into encoded words, and writes out a line break that a name carries as an encoded word.
POLICY = SMTP.clone(refold_source="none")


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
    message = EmailMessage(policy=POLICY)
    message.set_raw("From", _named(sender_name, mailbox_of(sender)))
    message.set_raw("To", mailbox_of(recipient))
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


def failed(verdict: Verdict, problem: OSError) -> Outcome:
    """The outcome of a broken conversation, in the server's words if it had any."""
    if isinstance(problem, smtplib.SMTPResponseException):
        return outcome_of(verdict, problem.smtp_code, problem.smtp_error)
    return outcome_of(verdict, None, problem.strerror or str(problem) or type(problem).__name__)


def outcome_of(verdict: Verdict, code: int | None, words: bytes | str) -> Outcome:
    answer = clean_words(words)
    return Outcome(verdict, code, answer, verdict == Verdict.REFUSED and bool(_BAD_ADDRESS.match(answer)))


def clean_words(words: bytes | str) -> str:
    """A server's words made safe to keep: one line, no control characters, no addresses, not too long."""
    text = words if isinstance(words, str) else words.decode(errors="replace")
    line = " ".join(text[:_RAW_ANSWER_LENGTH].split())
    printable = "".join(letter for letter in line if letter.isprintable())
    return _ADDRESS_LIKE.sub("[address]", printable)[:_ANSWER_LENGTH]


def mailbox_of(address: str) -> str:
    """An address as SMTP writes it, its domain in ASCII. Raises ValueError."""
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError("letters outside ASCII before the @ of an address are not supported (SMTPUTF8)")
    if not _LOCAL_PART.fullmatch(local):
        raise ValueError("an address needs a plain name before the @")
    return f"{local}@{ascii_domain(domain)}"


def ascii_domain(name: str) -> str:
    """A domain in ASCII. By IDNA 2008: the older rules would send mail for straße.example to strasse.example."""
    plain = name if name.isascii() else idna.encode(name, uts46=True).decode("ascii")
    if not _DOMAIN.fullmatch(plain):
        raise ValueError("a domain has letters, digits and hyphens between dots")
    return plain


def sender_of(message: EmailMessage) -> str:
    """The address that the message is from. Raises ValueError when there is none, or more than one."""
    written = message["From"]  # read once: each time it is parsed anew
    if written is None or len(written.addresses) != 1:
        raise ValueError("a mail is from one address")
    return mailbox_of(written.addresses[0].addr_spec)


def wire_of(message: EmailMessage) -> bytes:
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
