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
from collections.abc import Callable, Coroutine, Iterable, Iterator
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

    `act` is "hang" (say nothing more), "drop" (close the connection), "cut" (half a reply, then close), "slow" (reply
    after `pace` seconds), "dribble" (from here on one byte every `pace` seconds), "sip" (at body: read a little every
    `pace` seconds, and store nothing), "inject" (at starttls: a stranger adds lines in clear), or else the reply to
    give. `keeps`: the message is stored all the same. After the reply the connection ends (`closes`) or dribbles
    (`lags`). The step "body" comes when the first part of a message has been read, "dot" when all has.
    """

    step: Literal[
        "connect", "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot", "quit", "ok"
    ]
    act: str = ""
    keeps: bool = False
    closes: bool = False
    lags: bool = False


FAULTS = {
    "ok": Fault("ok"),
    "refuse_connection": Fault("connect"),  # nothing listens until listen() is called
    "greet_421": Fault("greeting", "421 4.3.2 closing for maintenance", closes=True),
    "greet_554": Fault("greeting", "554 5.7.1 no service for you"),
    "greet_hang": Fault("greeting", "hang"),
    "greet_drop": Fault("greeting", "drop"),
    "html_garbage": Fault("greeting", GARBAGE),
    "dribble": Fault("greeting", "dribble"),
    "ehlo_421": Fault("ehlo", "421 4.3.2 closing for maintenance", closes=True),
    "starttls_454": Fault("starttls", "454 4.7.0 TLS not available"),
    "starttls_inject": Fault("starttls", "inject"),
    "auth_454": Fault("auth", "454 4.7.0 temporary authentication failure"),
    "mail_421": Fault("mail", "421 4.4.2 idle for too long", closes=True),
    "mail_451": Fault("mail", "451 4.3.0 try again later"),
    "mail_530": Fault("mail", "530 5.7.0 authentication required"),
    "mail_535": Fault("mail", "535 5.7.8 credentials invalid"),
    "mail_550": Fault("mail", "550 5.7.1 sender refused"),
    "mail_hang": Fault("mail", "hang"),
    "rcpt_354": Fault("rcpt", "354 go ahead"),
    "rcpt_421": Fault("rcpt", "421 4.3.2 closing for maintenance", closes=True),
    "rcpt_450": Fault("rcpt", "450 4.2.1 mailbox busy"),
    "rcpt_450_then_drop": Fault("rcpt", "450 4.2.1 mailbox busy", closes=True),
    "rcpt_450_then_lag": Fault("rcpt", "450 4.2.1 mailbox busy", lags=True),
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
    "sip_in_data": Fault("body", "sip"),
    "refuse_in_data": Fault("body", "552 5.3.4 message too big", closes=True),
    "data_421": Fault("dot", "421 4.3.2 closing for maintenance", closes=True),
    "data_451": Fault("dot", "451 4.3.0 try again later"),
    "data_550_5.1.1": Fault("dot", "550 5.1.1 no such user"),
    "data_554": Fault("dot", "554 5.6.0 content refused"),
    "hang_before_dot_answer": Fault("dot", "hang"),
    "drop_before_dot_answer": Fault("dot", "drop"),
    "garbage_after_dot": Fault("dot", GARBAGE),
    "354_after_dot": Fault("dot", "354 go on"),
    "cut_after_dot": Fault("dot", "cut"),
    "endless_answer": Fault("dot", "550 " + "x" * 100_000),
    "quit_hang": Fault("quit", "hang"),
    "accept_then_drop": Fault("dot", "drop", keeps=True),
    "accept_then_hang": Fault("dot", "hang", keeps=True),
    "accept_slowly": Fault("dot", "slow", keeps=True),
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
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="smtp-server", daemon=True)
        self._listener: asyncio.Server | None = None
        self._socket = self._bound(0)
        self.port: int = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        if self.take(lambda fault: fault.step == "connect") is None:
            self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(START_PATIENCE)
        self._socket.close()
        self.loop.close()

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
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.certificate.configure_trust(context)
        return context

    def _bound(self, port: int) -> socket.socket:
        """A socket that holds the port, so that connections to it are refused until somebody listens.

        Its buffer is small and fixed: a client with a long message notices at once that nobody reads.
        """
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, for no delays
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        held.bind((HOST, port))
        return held

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(START_PATIENCE)

    def _context(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate.issue_cert(*self._names).configure_cert(context)
        return context

    async def _listening(self) -> asyncio.Server:
        context = self._context()
        starttls = context if self._tls == "starttls" else None
        return await self.loop.create_server(
            lambda: _Session(self, self._auth, starttls),
            sock=self._socket,
            ssl=context if self._tls == "tls" else None,
        )

    async def _hang_up(self, words: str) -> None:
        for session in list(self._sessions):
            if words:
                await session.say(words)
            session.drop()
        while self._sessions:
            await asyncio.sleep(0)

    async def _end(self) -> None:
        if self._listener is not None:
            self._listener.close()
        await self._hang_up("")
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def opened(self, session: "_Session") -> Fault:
        """Count a connection in, and say what goes wrong with it."""
        self._sessions.add(session)
        self.connections += 1
        return self.take(lambda fault: fault.step in ABOUT_CONNECTIONS) or FAULTS["ok"]

    def closed(self, session: "_Session") -> None:
        self._sessions.discard(session)

    def take(self, fits: Callable[[Fault], bool]) -> Fault | None:
        """The next behaviour, if it fits here."""
        self._next = self._next or next(self._behaviours, FAULTS["ok"])
        if not fits(self._next):
            return None
        fault, self._next = self._next, None
        return fault


class _Session(SMTP):
    """One connection. Every step and every reply goes through here, so that each can go wrong."""

    transport: asyncio.Transport | None

    def __init__(self, house: SmtpServer, auth: tuple[str, str] | None, starttls: ssl.SSLContext | None) -> None:
        self._house = house
        self._fault = FAULTS["ok"]
        self._known = False
        self._greeted = False
        self._dribbles = False
        super().__init__(
            _Dot(),
            hostname="mail.example.org",
            tls_context=starttls,
            auth_require_tls=auth is None,
            authenticator=functools.partial(_authenticate, auth),
            loop=house.loop,
        )
        self._auth_required = auth is not None  # as an argument it would warn about sign-in without TLS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._known:  # after STARTTLS it is made again
            self._known = True
            self._fault = self._house.opened(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._house.closed(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self._house.heard += data
        super().data_received(data)

    def drop(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    async def push(self, status: str | bytes) -> None:
        """Give the reply of the library, or at the greeting and before the handshake a worse one."""
        reply = status if isinstance(status, str) else status.decode()
        if not self._greeted:
            self._greeted = True
            reply = await self.misbehave(reply) if self._fault.step == "greeting" else reply
        elif self._fault.act == "inject" and reply == "220 Ready to start TLS":
            reply = f"{reply}\r\n250-a stranger\r\n250 AUTH PLAIN"
        await self.say(reply)

    async def say(self, reply: str) -> None:
        line = f"{reply}\r\n".encode()
        pieces = [line[at : at + 1] for at in range(len(line))] if self._dribbles else [line]
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            if self._dribbles:
                await asyncio.sleep(self._house.pace)
        if reply == self._fault.act and self._fault.closes and self.transport is not None:
            self.transport.close()
        self._dribbles = self._dribbles or (reply == self._fault.act and self._fault.lags)

    async def misbehave(self, proper: str) -> str:
        """The reply to give instead of the proper one, if there is to be one."""
        if self._fault.act == "dribble":
            self._dribbles = True
            return proper
        if self._fault.act == "slow":
            await asyncio.sleep(self._house.pace)
            return proper
        if self._fault.act == "sip":
            end = b""
            while end != b"\r\n.\r\n":
                end = (end + await self._reader.read(65_536))[-5:]
                await asyncio.sleep(self._house.pace)
            return proper
        if self._fault.act == "cut" and self.transport is not None:
            self._writer.write(proper.encode()[:-4])
            self.transport.close()
        if self._fault.act == "drop":
            self.drop()
        if self._fault.act in ("drop", "hang", "cut"):
            await asyncio.Event().wait()  # until the end of the connection cancels this
        return self._fault.act

    async def _step(self, step: str, properly: Callable[[str], Coroutine[Any, Any, None]], arg: str) -> None:
        """Go through one command, properly unless it is the one that goes wrong."""
        if self._fault.step == step and self._fault.act != "inject":
            await self.say(await self.misbehave("250 OK"))
        else:
            await properly(arg)

    async def smtp_EHLO(self, arg: str) -> None:
        await self._step("ehlo", super().smtp_EHLO, arg)

    async def smtp_STARTTLS(self, arg: str) -> None:
        await self._step("starttls", super().smtp_STARTTLS, arg)

    async def smtp_AUTH(self, arg: str) -> None:
        await self._step("auth", super().smtp_AUTH, arg)

    async def smtp_MAIL(self, arg: str) -> None:
        self._fault = self._house.take(lambda fault: fault.step not in ABOUT_CONNECTIONS) or FAULTS["ok"]
        await self._step("mail", super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str) -> None:
        await self._step("rcpt", super().smtp_RCPT, arg)

    async def smtp_QUIT(self, arg: str) -> None:
        await self._step("quit", super().smtp_QUIT, arg)

    async def smtp_DATA(self, arg: str) -> None:
        if self._fault.step == "body":
            await self.say("354 go on")
            await self._reader.read(1)
            await self.say(await self.misbehave("250 2.0.0 taken"))
            if self._fault.act != "sip":
                await asyncio.Event().wait()  # what comes now is no command
        else:
            await self._step("data", super().smtp_DATA, arg)

    async def answer_to_dot(self, envelope: Envelope) -> str:
        """Store the message, or not, and say what the final dot is answered."""
        fails = self._fault.step == "dot"
        if not fails or self._fault.keeps:
            self._house.accepted.append(_received(envelope))
        return await self.misbehave("250 2.0.0 taken") if fails else "250 2.0.0 taken"


class _Dot:
    """The hook that the library calls when a message has come whole."""

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(server, _Session)
        return await server.answer_to_dot(envelope)


def _received(envelope: Envelope) -> Received:
    assert isinstance(envelope.content, bytes)
    assert envelope.mail_from is not None
    return Received(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content)


def _authenticate(
    auth: tuple[str, str] | None, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
) -> AuthResult:
    given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
    return AuthResult(success=given is not None and given == auth, handled=False)
