"""How often something may be tried: counted in the database, so that a restart or a second process changes nothing."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress

from domain import clock, store
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import RateCount

_key = b""
_TOO_MANY = N_("Too many tries. Wait a little and try again.")


def use_key(key: str) -> None:
    """Set the installation's key, so that the table tells nobody's address; said once at start."""
    global _key
    _key = hashlib.sha256(b"doorstep limits " + key.encode()).digest()


def network_of(address: str) -> str:
    """What tries are counted by: the address, of IPv6 its /64, which one household has to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:  # ::ffff:192.0.2.7 is one address, not everybody's
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


_ONE_MORE = (
    'ON CONFLICT ("key", "window") DO UPDATE SET "count" = rate_count."count" + 1 WHERE rate_count."count" < {} RETURNING id'
)


def spend(what: str, who: str, *, most: int, seconds: int) -> bool:
    """Count one try of ``what`` by ``who``; False when ``most`` were already counted in this window of ``seconds``.

    One guarded statement: of many at once exactly ``most`` are let through.
    """
    key, window = _place(what, who, seconds)
    with store.aside(), store.joining():
        return bool(store.insert(RateCount, [{"key": key, "window": window, "count": 1}], _ONE_MORE.format(int(most))))


def within(what: str, who: str, by: Actor, most: int, seconds: int) -> None:
    """Count one try for who it is about and for the network it comes from.  Raises RuleBroken ``too_many``."""
    with store.aside(), store.joining():  # a try that one of the two refuses does not count for the other
        if all(spend(what, each, most=most, seconds=seconds) for each in (f"who {who}", f"network {network_of(by.network)}")):
            return
        raise RuleBroken(_TOO_MANY, code="too_many")


def within_alone(what: str, who: str, most: int, seconds: int) -> None:
    """Count one try for who it is about, whatever network it comes from.  Raises RuleBroken ``too_many``."""
    if not spend(what, f"who {who}", most=most, seconds=seconds):
        raise RuleBroken(_TOO_MANY, code="too_many")


def give_back(what: str, who: str, *, seconds: int) -> None:
    """Take one try back that turned out right."""
    key, window = _place(what, who, seconds)
    with store.writing():
        RateCount.update(count=RateCount.count - 1).where(
            RateCount.key == key, RateCount.window == window, RateCount.count > 0
        ).execute()


def _place(what: str, who: str, seconds: int) -> tuple[str, int]:
    key = hmac.new(_key, f"{what}\n{who}".encode(), hashlib.sha256).hexdigest()
    return key, int(clock.now().timestamp()) // seconds * seconds


def forget_old() -> int:
    """Remove windows that are over a day old."""
    before = int(clock.ago(days=1).timestamp())
    with store.writing():
        return int(RateCount.delete().where(RateCount.window < before).execute())
