"""Rights that travel by e-mail: itsdangerous-signed, bound to a stored nonce, each purpose with its own salt and age.

The address is made anew from the row whenever it is needed; without the installation's key a stolen table opens nothing.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from itsdangerous import BadSignature, Signer

from domain import clock, settings, store
from domain.rules import NotFound
from models import Link, LinkOpening, PortalAccount, Worker

_key = b""


def use_key(key: str) -> None:
    """Set the installation's key; said once at start."""
    global _key
    _key = key.encode()


def make(
    purpose: str, expires_at: dt.datetime, *, account: PortalAccount | None = None, worker: Worker | None = None,
    beside: bool = False,
) -> Link:  # fmt: skip
    """A fresh link; the earlier ones of the same purpose and person stop working in the same transaction, unless it is to
    stand ``beside`` them."""
    with store.writing():
        if owner := account or worker:
            store.hold(owner)
        if not beside:
            void(purpose, account=account, worker=worker)
        link: Link = Link.create(
            purpose=purpose, nonce=secrets.token_urlsafe(32), account=account, worker=worker,
            created_at=clock.now(), expires_at=expires_at,
        )  # fmt: skip
    return link


def make_many(purpose: str, expires_at: dt.datetime, accounts: Sequence[PortalAccount]) -> list[Link]:
    """A fresh link for each of these accounts, as ``make`` does; whoever says so holds the accounts."""
    now = clock.now()
    every = [
        Link(purpose=purpose, nonce=secrets.token_urlsafe(32), account=account, created_at=now, expires_at=expires_at)
        for account in accounts
    ]
    with store.writing():
        void_many((purpose,), accounts)
        store.insert_rows(every)
    return every


def void_many(purposes: Sequence[str], accounts: Sequence[PortalAccount]) -> None:
    """Make every link of these purposes and accounts stop working."""
    with store.writing():
        Link.update(voided_at=clock.now()).where(
            Link.purpose.in_(purposes), Link.account.in_(accounts), Link.voided_at.is_null(), Link.used_at.is_null()
        ).execute()


def void(*purposes: str, account: PortalAccount | None = None, worker: Worker | None = None) -> None:
    """Make every link of these purposes and that person stop working."""
    with store.writing():
        Link.update(voided_at=clock.now()).where(
            Link.purpose.in_(purposes), Link.account == account, Link.worker == worker,
            Link.voided_at.is_null(), Link.used_at.is_null(),
        ).execute()  # fmt: skip


def void_all(worker: Worker) -> None:
    """Make every link of a worker stop working, whatever it is for."""
    with store.writing():
        mine = (Link.worker == worker) & Link.voided_at.is_null() & Link.used_at.is_null()
        Link.update(voided_at=clock.now()).where(mine).execute()


def token(link: Link) -> str:
    """What the e-mailed address carries."""
    return _signed(link)


def _signed(link: Link) -> str:
    return _signer(link.purpose).sign(f"{link.public_id}{link.nonce}".encode()).decode()


def find(purpose: str, token: str) -> Link:
    """The link of a token, in whatever state it is.  Raises NotFound for anything that we did not sign."""
    link = Link.get_or_none(Link.public_id == named_by(purpose, token), Link.purpose == purpose)
    if link is None or not is_of(link, token):
        raise NotFound
    return link


def named_by(purpose: str, token: str) -> str:
    """The public id of the link that a token is of, which still has to be compared (``is_of``).  Raises NotFound."""
    try:
        return _signer(purpose).unsign(token.encode("ascii")).decode()[:22]
    except (BadSignature, UnicodeError):
        raise NotFound from None


def is_of(link: Link, token: str) -> bool:
    """True for the token of a link, whole: base64 has several last letters for one."""
    return hmac.compare_digest(_signed(link), token)


def is_good(link: Link) -> bool:
    """True while the link may be used, as far as the link alone knows."""
    return link.used_at is None and link.voided_at is None and clock.now() < link.expires_at


def opened(link: Link, *, network: str, agent: str) -> None:
    """Note that somebody, perhaps a mail scanner, opened the link: the only thing that opening changes."""
    with store.writing():
        LinkOpening.create(link=link, opened_at=clock.now(), network=network[:45], agent=agent[:200])


def use(link: Link) -> bool:
    """Spend the link; of many at once exactly one gets True."""
    with store.writing():
        return bool(
            Link.update(used_at=clock.now())
            .where(Link.id == link.id, Link.used_at.is_null(), Link.voided_at.is_null(), Link.expires_at > clock.now())
            .execute()
        )


def give_proof(link: Link) -> str:
    """A random word for the browser that proved itself; good for *link page minutes* with this link only."""
    proof = secrets.token_urlsafe(32)
    with store.writing():
        Link.update(proof_hash=_digest(proof), proved_at=clock.now()).where(Link.id == link.id).execute()
    return proof


def take_back_proof(link: Link, proof: str) -> bool:
    """The browser that was given this word has left: it proves nothing any more.  False where it did not before."""
    with store.writing():
        return bool(Link.update(proof_hash=None).where(Link.id == link.id, Link.proof_hash == _digest(proof)).execute())


def is_proved(link: Link, proof: str) -> bool:
    """True when this browser proved itself for this link not long ago."""
    if not link.proof_hash or link.proved_at < clock.ago(minutes=settings.get("link_page_minutes")):
        return False
    return hmac.compare_digest(link.proof_hash, _digest(proof))


def digits(link: Link, count: int = 6) -> str:
    """The digits of a code that is made from the link whenever it is needed and stored nowhere."""
    return str(int.from_bytes(_derived(link)[:8], "big") % 10**count).zfill(count)


def letters(link: Link) -> str:
    """A code of 12 letters and digits in three groups, for typing from a terminal."""
    code = base64.b32encode(_derived(link)).decode()[:12]
    return "-".join((code[:4], code[4:8], code[8:]))


def sealed(purpose: str, words: str) -> str:
    """Words that nobody can change, for an e-mailed address that needs no row of its own."""
    return _signer(purpose).sign(words.encode()).decode()


def unsealed(purpose: str, token: str) -> str:
    """The words of such an address.  Raises NotFound for anything that we did not sign."""
    try:
        words = _signer(purpose).unsign(token.encode("ascii")).decode()
    except (BadSignature, UnicodeError):
        raise NotFound from None
    if not hmac.compare_digest(sealed(purpose, words), token):  # whole: base64 has several last letters for one
        raise NotFound
    return words


def _derived(link: Link) -> bytes:
    return hmac.new(_key, f"{link.purpose} code {link.public_id}{link.nonce}".encode(), hashlib.sha256).digest()


def _signer(purpose: str) -> Signer:
    return Signer(_key, salt=f"doorstep link {purpose}", sep=".", key_derivation="hmac", digest_method=hashlib.sha256)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
