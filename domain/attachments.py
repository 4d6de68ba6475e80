"""Files of messages: looked at before they are kept, whole with their message or not at all, and never changed (spec 04, T18).

What a file is, its bytes say.  A picture is made anew, so where it was taken is gone; a PDF with anything that acts is refused
(``gateways.files``).  Before that a virus scanner gets them, where the deployer names one (``scanning``).  The bytes stand in the
database (docs/decisions/0031-attachments.md).
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import time
import unicodedata
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from domain import settings, statements, uploads
from domain.rules import N_, NotFound, RuleBroken
from models import NAME_LETTERS, Attachment, Discussion, Message, StoredFile, StoredPiece

FIELD, NO_SCANNER = "files", "no_scanner"
PIECE = 256 * 1024
SECONDS = 20.0  # for all files of a message: a form that takes longer counts as lost, and would be done again
ENDINGS = {"image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",), "image/webp": (".webp",), "application/pdf": (".pdf",)}
_REPLACED = (*(ending for every in ENDINGS.values() for ending in every), ".heic", ".heif")
_FOR_SHELLS = '<>:"|?*'
_JOINERS = "\u200c\u200d"  # with which some scripts, and some emoji, are written
REFUSALS = {
    "empty": N_("“%(name)s” is empty. Choose another file."),
    "not_allowed": N_("“%(name)s” is neither a picture nor a PDF that can be sent here. Choose JPEG, PNG, WebP or PDF."),
    "broken": N_("“%(name)s” is damaged and cannot be opened. Choose another file, or take a new photo."),
    "too_large": N_("“%(name)s” is larger than %(most)s MB. Make it smaller, or take a photo of it."),
    "too_many_pixels": N_("“%(name)s” has too many pixels. Make the picture smaller and choose it again."),
    "too_narrow": N_("“%(name)s” is too long and narrow. Cut the picture in two."),
    "too_long": N_("“%(name)s” takes too long to open. Send it in a message of its own, or make it smaller."),
    "busy": N_("Other files are being opened at the moment. Wait a little, then choose “%(name)s” again."),
    "pdf_active": N_("“%(name)s” is a PDF with a script, an action or another file inside. Print it as a new PDF, or take photos of it."),
    "pdf_locked": N_("“%(name)s” is a PDF that is protected. Print it as a new PDF, or take photos of it."),
    "infected": N_("“%(name)s” cannot be sent: our virus scanner found something harmful in it. Choose another file."),
    "unscanned": N_("“%(name)s” is too large to be checked for viruses. Make it smaller, or take a photo of it."),
    NO_SCANNER: N_("Files cannot be checked for viruses at the moment, so none can be sent. Try again later, or send your words alone."),
}  # fmt: skip


@dataclasses.dataclass
class Ready:
    """A file that may go with a message, and once it did, where it is kept: several messages share it."""

    name: str
    media_type: str
    size: int
    digest: str
    body: BinaryIO
    kept: StoredFile | None = None


# ---------------------------------------------------------------- before they are sent


def ready(files: Sequence[tuple[str, BinaryIO]]) -> list[Ready]:
    """The files of a form, by their names, as they may be kept.  Said before the transaction: it takes its time.

    Raises RuleBroken (field ``files``) for each that cannot be sent, and ``too_many``, ``off``.
    """
    most = settings.get("attachments_each")
    if files and not most:
        raise RuleBroken(N_("Files cannot be sent here at the moment."), code="off", field=FIELD)
    if len(files) > most:
        raise RuleBroken(N_("You chose %(count)s files, and at most %(most)s can be sent with a message. Choose fewer."), code="too_many",
                         field=FIELD, count=len(files), most=most)  # fmt: skip
    end, good, refused = time.monotonic() + SECONDS, list[Ready](), list[RuleBroken]()
    for name, file in files:
        try:
            good.append(_ready(name, file, end - time.monotonic()))
        except uploads.Unusable as why:
            refused.append(_refusal(str(why.args[0]), name))
            if refused[-1].code == NO_SCANNER:
                break  # it would be waited for again, and the sentence is about all of them
    if refused:
        refused[0].every = tuple(refused)
        raise refused[0]
    return good


def _ready(name: str, file: BinaryIO, seconds: float) -> Ready:
    looked = uploads.looked(file, settings.get("attachment_megabytes"), seconds)
    digest = hashlib.sha256(looked.body).hexdigest()
    body = file if looked.media_type == "application/pdf" else io.BytesIO(looked.body)  # its bytes are on the disk already
    return Ready(called(name, looked.media_type), looked.media_type, len(looked.body), digest, body)


def _refusal(code: str, name: str) -> RuleBroken:
    sentence = REFUSALS.get(code, REFUSALS["broken"])
    return RuleBroken(sentence, code=code, field=FIELD, name=isolated(plain(name)), most=settings.get("attachment_megabytes"))


def isolated(name: str) -> str:
    """A name inside a sentence that may run the other way."""
    return f"\u2068{name}\u2069"


def plain(name: str) -> str:
    """A name without folders, without what cannot be seen or turns the line around, and no longer than is shown."""
    last = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    seen = "".join("_" if c in _FOR_SHELLS else c for c in last if c in _JOINERS or unicodedata.category(c)[0] != "C")
    good = " ".join(seen.split()).strip(f". {_JOINERS}")
    return good if len(good) <= NAME_LETTERS else good[: NAME_LETTERS - 9] + "…" + good[-8:]


def called(name: str, media_type: str) -> str:
    """How a file is named from now on: cleaned, and with the ending of what it is."""
    good, endings = plain(name), ENDINGS[media_type]
    good = "" if f".{good.lower()}" in _REPLACED else good
    for ending in _REPLACED:
        if good.lower().endswith(ending):
            good = good[: -len(ending)].strip(f". {_JOINERS}")
            break
    else:
        ending = ""
    ending = ending if ending in endings else endings[0]
    return f"{good[: NAME_LETTERS - len(ending)] or 'file'}{ending}"


# ---------------------------------------------------------------- with their message


def attach(message: Message, files: Iterable[Ready]) -> None:
    """Keep files with a message, inside its transaction: no byte is there without its message."""
    for each in files:
        if each.kept is None:
            each.kept = keep(each)
        Attachment.create(message=message, file=each.kept, name=each.name)


def keep(file: Ready) -> StoredFile:
    """The bytes of a file, inside the transaction of whatever they belong to."""
    made: StoredFile = StoredFile.create(media_type=file.media_type, size=file.size, digest=file.digest)
    file.body.seek(0)
    number = 0
    while piece := file.body.read(PIECE):
        StoredPiece.create(file=made, number=number, body=piece)
        number += 1
    return made


# ---------------------------------------------------------------- afterwards


def of(messages: Iterable[Message]) -> dict[int, list[Attachment]]:
    """The files of these messages, by the number of the message, in the order in which they were chosen."""
    numbers, found = [message.id for message in messages], dict[int, list[Attachment]]()
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        for each in _OF.all(*some, *[0] * (_AT_ONCE - len(some))):
            found.setdefault(each.message_id, []).append(each)
    return found


_AT_ONCE = 20  # a page of a discussion
_OF = statements.Listing(
    lambda *of: Attachment.select(Attachment, StoredFile).join(StoredFile).where(Attachment.message.in_(of)).order_by(Attachment.id)
)


def one(discussion: Discussion, public_id: str) -> Attachment:
    """One file of a discussion that its reader may read.  Raises NotFound, also for one of another discussion."""
    found = Attachment.select(Attachment, StoredFile).join(StoredFile).switch(Attachment).join(Message)
    here = found.where(Message.discussion == discussion.id, Message.is_note == False)  # noqa: E712
    attachment: Attachment | None = here.where(Attachment.public_id == public_id).first()
    if attachment is None:
        raise NotFound
    return attachment


def bytes_of(file: StoredFile) -> bytes:
    """All of a file.  Raises Damaged when it is not what was kept."""
    pieces = StoredPiece.select(StoredPiece.body).where(StoredPiece.file == file).order_by(StoredPiece.number).tuples()
    body = b"".join(bytes(piece) for (piece,) in pieces.iterator())
    if hashlib.sha256(body).hexdigest() != file.digest:
        raise Damaged(f"stored file {file.id}")
    return body


class Damaged(Exception):
    """What is kept is not what was sent; never handed out."""
