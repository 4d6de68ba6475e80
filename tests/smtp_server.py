"""A real SMTP server on loopback, in a thread, that takes mail properly or misbehaves on order.

    with SmtpServer(["rcpt_450", "ok"]) as server:
        ... send to 127.0.0.1, server.port ...
        assert server.accepted[0].message["Subject"] == "Hello"

Behaviours are taken in order: those about a connection when one is made, those about a message at its MAIL FROM.
After the last one everything is "ok"; for a fault that lasts, pass itertools.repeat("data_451").
"""

import asyncio
import email
import email.policy
import functools
import socket
import ssl
import threading
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Literal, Self, TypeVar

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

T = TypeVar("T")
HOST = "127.0.0.1"
START_PATIENCE = 10.0  # seconds
GARBAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Fault:
    """What goes wrong at one step.

    `act` is "hang" (say nothing more), "drop" (close the connection), "dribble" (from here on one byte every `pace`
    seconds), "inject" (at starttls: a stranger adds a line in clear), or else the reply to give. `keeps`: the message is
    stored all the same. The step "body" comes when the first part of a message has been read, "dot" when all has.
    """

    step: Literal["connect", "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot", "rset", "ok"]
    act: str = ""
    keeps: bool = False


FAULTS = {
    "ok": Fault("ok"),
    "refuse_connection": Fault("connect"),  # nothing listens until listen() is called
    "greet_421": Fault("greeting", "421 4.3.2 closing for maintenance"),
    "greet_554": Fault("greeting", "554 5.7.1 no service for you"),
    "greet_hang": Fault("greeting", "hang"),
    "greet_drop": Fault("greeting", "drop"),
    "html_garbage": Fault("greeting", GARBAGE),
    "dribble": Fault("greeting", "dribble"),
    "ehlo_421": Fault("ehlo", "421 4.3.2 closing for maintenance"),
    "starttls_454": Fault("starttls", "454 4.7.0 TLS not available"),
    "starttls_inject": Fault("starttls", "inject"),
    "auth_454": Fault("auth", "454 4.7.0 temporary authentication failure"),
    "mail_421": Fault("mail", "421 4.4.2 idle for too long"),
    "mail_451": Fault("mail", "451 4.3.0 try again later"),
    "mail_530": Fault("mail", "530 5.7.0 authentication required"),
    "mail_535": Fault("mail", "535 5.7.8 credentials invalid"),
    "mail_550": Fault("mail", "550 5.7.1 sender refused"),
    "mail_hang": Fault("mail", "hang"),
    "rcpt_354": Fault("rcpt", "354 go ahead"),
    "rcpt_421": Fault("rcpt", "421 4.3.2 closing for maintenance"),
    "rcpt_450": Fault("rcpt", "450 4.2.1 mailbox busy"),
    "rcpt_550": Fault("rcpt", "550 5.7.1 not from you"),
    "rcpt_550_5.1.1": Fault("rcpt", "550 5.1.1 <alice@example.org>: no such user"),
    "rcpt_550_5.1.10": Fault("rcpt", "550 5.1.10 the domain takes no mail"),
    "rcpt_drop": Fault("rcpt", "drop"),
    "rcpt_hang": Fault("rcpt", "hang"),
    "rcpt_garbage": Fault("rcpt", GARBAGE),
    "data_command_250": Fault("data", "250 fine, but what?"),
    "data_command_451": Fault("data", "451 4.3.0 try again later"),
    "data_command_554": Fault("data", "554 5.5.1 no valid recipients"),
    "data_command_hang": Fault("data", "hang"),
    "drop_in_data": Fault("body", "drop"),
    "hang_in_data": Fault("body", "hang"),
    "refuse_in_data": Fault("body", "552 5.3.4 message too big"),
    "data_421": Fault("dot", "421 4.3.2 closing for maintenance"),
    "data_451": Fault("dot", "451 4.3.0 try again later"),
    "data_550_5.1.1": Fault("dot", "550 5.1.1 no such user"),
    "data_554": Fault("dot", "554 5.6.0 content refused"),
    "hang_before_dot_answer": Fault("dot", "hang"),
    "drop_before_dot_answer": Fault("dot", "drop"),
    "garbage_after_dot": Fault("dot", GARBAGE),
    "endless_answer": Fault("dot", "550 " + "x" * 100_000),
    "accept_then_drop": Fault("dot", "drop", keeps=True),
    "accept_then_hang": Fault("dot", "hang", keeps=True),
    "accept_then_dribble": Fault("dot", "dribble", keeps=True),
}
ABOUT_CONNECTIONS = ("connect", "greeting", "ehlo", "starttls", "auth")


@dataclass(frozen=True)
class Received:
    """One message as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)


@functools.cache
def authority() -> trustme.CA:
    """The certificate authority of all test servers of this process."""
    return trustme.CA()


class SmtpServer:
    """The server; its port, what it accepted, every byte it heard (decrypted), and how many connections it had."""

    def __init__(
        self,
        behaviours: Iterable[str | Fault] = (),
        tls: Literal["tls", "starttls"] | None = None,
        auth: tuple[str, str] | None = None,
        names: tuple[str, ...] = (HOST, "localhost"),
        pace: float = 1.0,
    ) -> None:
        self.accepted: list[Received] = []
        self.heard = bytearray()
        self.connections = 0
        self.certificate = authority()
        self.pace = pace
        self._behaviours: Iterator[Fault] = (FAULTS[each] if isinstance(each, str) else each for each in behaviours)
        self._next: Fault | None = None
        self._tls = tls
        self._auth = auth
        self._names = names
        self._sessions: set[_Session] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-server", daemon=True)
        self._listener: asyncio.Server | None = None
        self._socket = self._bound(0)
        self.port: int = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        if self.take(("connect",)) is None:
            self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_PATIENCE)
        self._socket.close()
        self._loop.close()

    def listen(self) -> None:
        """Take connections, from now on."""
        self._listener = self._run(self._listening())

    def refuse(self) -> None:
        """Take no more connections, and end those there are."""
        self._run(self._end())
        self._socket = self._bound(self.port)

    def hang_up(self, words: str = "") -> None:
        """End the open connections, as a server does that has waited long enough, perhaps with a reply."""
        self._run(self._hang_up(words))

    def trusting(self) -> ssl.SSLContext:
        """A client's context that trusts this server's certificate and checks it."""
        context = ssl.create_default_context()
        self.certificate.configure_trust(context)
        return context

    def _bound(self, port: int) -> socket.socket:
        """A socket that holds the port, so that connections to it are refused until somebody listens.

        Its buffer is small and fixed: a client with a long message notices at once that nobody reads.
        """
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        held.bind((HOST, port))
        return held

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_PATIENCE)

    def _context(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate.issue_cert(*self._names).configure_cert(context)
        return context

    async def _listening(self) -> asyncio.Server:
        context = self._context()
        starttls = context if self._tls == "starttls" else None
        return await self._loop.create_server(
            lambda: _Session(self, self._auth, starttls),
            sock=self._socket,
            ssl=context if self._tls == "tls" else None,
        )

    async def _hang_up(self, words: str) -> None:
        for session in list(self._sessions):
            await session.end(words)

    async def _end(self) -> None:
        if self._listener is not None:
            self._listener.close()
        await self._hang_up("")
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def take(self, steps: tuple[str, ...]) -> Fault | None:
        """The next behaviour, if it is about one of these steps."""
        self._next = self._next or next(self._behaviours, FAULTS["ok"])
        if self._next.step not in steps:
            return None
        fault, self._next = self._next, None
        return fault


class _Session(SMTP):
    """One connection. Every reply goes through here, so that every reply can go wrong."""

    def __init__(self, house: SmtpServer, auth: tuple[str, str] | None, starttls: ssl.SSLContext | None) -> None:
        self._house = house
        self._fault: Fault | None = None
        self._greeted = False
        self._dribbles = False
        super().__init__(
            self,
            hostname="mail.example.org",
            tls_context=starttls,
            auth_require_tls=auth is None,
            authenticator=functools.partial(_authenticate, auth),
            loop=house._loop,
        )
        self._auth_required = auth is not None  # as an argument it would warn about sign-in without TLS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self not in self._house._sessions:
            self._house._sessions.add(self)
            self._house.connections += 1
            self._fault = self._house.take(ABOUT_CONNECTIONS)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._house._sessions.discard(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self._house.heard += data
        super().data_received(data)

    async def end(self, words: str) -> None:
        """Close the connection from this side, perhaps with a reply."""
        if self.transport is not None and words:
            await super().push(words)
            self.transport.close()
        elif self.transport is not None:
            self.transport.abort()
        while self in self._house._sessions:
            await asyncio.sleep(0)

    async def push(self, status: str | bytes) -> None:
        first, self._greeted = not self._greeted, True
        if first and self._fault is not None and self._fault.step == "greeting":
            if (status := await self._misbehave(self._fault, status)) is None:
                return
        if isinstance(status, str) and status.startswith("220 Ready to start TLS") and self._is("starttls", "inject"):
            status += "\r\n250-a stranger\r\n250 AUTH PLAIN"
        await self._say(status)

    async def _say(self, status: str | bytes) -> None:
        line = (status.encode() if isinstance(status, str) else status) + b"\r\n"
        pieces = [line[at : at + 1] for at in range(len(line))] if self._dribbles else [line]
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            if self._dribbles:
                await asyncio.sleep(self._house.pace)
        if line.startswith(b"421") and self.transport is not None:
            self.transport.close()

    async def _misbehave(self, fault: Fault, proper: str | bytes) -> str | bytes | None:
        """The reply to give instead of the proper one; None when there will be none."""
        if fault.act == "dribble":
            self._dribbles = True
            return proper
        if fault.act == "drop" and self.transport is not None:
            self.transport.abort()
        if fault.act in ("drop", "hang"):
            await asyncio.Event().wait()  # until the connection's end cancels this
        return fault.act

    def _is(self, step: str, act: str | None = None) -> bool:
        return self._fault is not None and self._fault.step == step and act in (None, self._fault.act)

    async def _step(self, step: str, method: Any, arg: str | None) -> None:
        """Go through one command properly, unless it is the one that goes wrong."""
        if self._is(step) and not self._is(step, "inject"):
            assert self._fault is not None
            status = await self._misbehave(self._fault, "250 OK")
            if status is not None:
                await self._say(status)
        else:
            await method(arg)

    async def smtp_EHLO(self, arg: str) -> None:
        await self._step("ehlo", super().smtp_EHLO, arg)

    async def smtp_STARTTLS(self, arg: str) -> None:
        await self._step("starttls", super().smtp_STARTTLS, arg)

    async def smtp_AUTH(self, arg: str) -> None:
        await self._step("auth", super().smtp_AUTH, arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        self._fault = self._house.take(tuple({fault.step for fault in FAULTS.values()} - set(ABOUT_CONNECTIONS)))
        await self._step("mail", super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        await self._step("rcpt", super().smtp_RCPT, arg)

    async def smtp_RSET(self, arg: str) -> None:
        await self._step("rset", super().smtp_RSET, arg)

    async def smtp_DATA(self, arg: str) -> None:
        if self._is("body"):
            await self.push("354 go on")
            await self._reader.read(1)
            await self._step("body", None, arg)
            assert self.transport is not None
            self.transport.close()
        else:
            await self._step("data", super().smtp_DATA, arg)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str | bytes | None:
        """Called when a message has come whole; what it returns is the answer to the final dot."""
        fault = self._fault if self._is("dot") else None
        if fault is None or fault.keeps:
            assert isinstance(envelope.content, bytes)
            assert envelope.mail_from is not None
            self._house.accepted.append(Received(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
        return "250 2.0.0 taken" if fault is None else await self._misbehave(fault, "250 2.0.0 taken")


def _authenticate(
    auth: tuple[str, str] | None, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
) -> AuthResult:
    given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
    return AuthResult(success=given is not None and given == auth)
