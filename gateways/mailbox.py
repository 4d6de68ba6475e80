"""Mail for developers: kept in files of this machine."""

import email
import os
import re
import secrets
import time
from email.message import EmailMessage
from pathlib import Path

from gateways.mail import POLICY, Mail, Outcome, Verdict, failed, mailbox_of, wire_of

_MAILBOX_NAME = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{9}Z-[0-9a-f]{16}\.eml")


class MailboxMail(Mail):
    """Mail for developers: each message becomes a file in `folder`, and nothing leaves the machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage, recipient: str) -> Outcome:
        """Keep one message, whole or not at all, in a file that only this user may read."""
        mailbox_of(recipient)
        wire = wire_of(message)
        seconds, fraction = divmod(time.time_ns(), 1_000_000_000)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
        target = self._folder / f"{stamp}.{fraction:09d}Z-{secrets.token_hex(8)}.eml"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(target, wire)
        except OSError as problem:
            return failed(Verdict.SERVER_DOWN, problem)
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
            return email.message_from_bytes((self._folder / name).read_bytes(), policy=POLICY)
        except FileNotFoundError:
            return None


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
