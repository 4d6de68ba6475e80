"""Which messages a client wants, on each channel and of each kind, within what the agency sends (spec 04, channels and preferences).

Consent is about a whole channel and stands in ``profile``; this is about the kinds of messages on it.  Both are asked again when a
message is sent.  Messages of safety (codes, new passwords, new devices) are of no kind: nobody can switch them off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from peewee import JOIN, fn

from domain import audit, clock, links, settings, store
from domain.actor import Actor
from domain.rules import N_, NotFound
from models import ClientChoice, Consent, Individual, Worker

# Each kind with the kinds of deliveries that belong to it.
KINDS = {
    "confirmations": ("event_confirmation",),
    "updates": (
        "event_booked", "event_moved", "event_changed", "event_cancelled", "request_offered", "request_declined", "request_expired",
    ),
    "messages": ("message_waiting",),
    "documents": ("document_assigned", "document_due"),
}  # fmt: skip
KIND_OF = {delivery: kind for kind, deliveries in KINDS.items() for delivery in deliveries}
# What each is called, for clients and for staff.
NAMES = {
    "confirmations": N_("Questions whether you come to an appointment"),
    "updates": N_("What is new about appointments"),
    "messages": N_("New messages"),
    "documents": N_("What there is to do, and by when"),
}
_OFFERED: dict[str, Callable[[], bool]] = {
    "confirmations": lambda: bool(settings.get("confirming") and settings.get("event_confirmation")),
    "updates": lambda: any(settings.get(key) for key in ("event_booked", "event_moved", "event_cancelled", "requesting")),
    "messages": lambda: bool(settings.get("discussions")),
    "documents": lambda: bool(settings.get("documents"))
    and any(settings.get(key) for key in ("document_assigned", "document_due_before", "document_due_after")),
}
NOT_WANTED = N_("The client does not want e-mails of this kind.")


def offered() -> tuple[str, ...]:
    """The kinds that the agency sends at all."""
    return tuple(kind for kind in KINDS if settings.get("client_delivery") and _OFFERED[kind]())


def refused(individual: int, channel: str = "email") -> frozenset[str]:
    """The kinds that an individual (its number) does not want on a channel."""
    theirs = ClientChoice.select(ClientChoice.kind).where(ClientChoice.individual == individual, ClientChoice.channel == channel)
    return frozenset(kind for (kind,) in theirs.where(ClientChoice.is_wanted == False).tuples())  # noqa: E712


def refused_by(individuals: Sequence[int], channel: str = "email") -> dict[int, frozenset[str]]:
    """The same for each of these individuals, with one question for all of them."""
    theirs = ClientChoice.select(ClientChoice.individual, ClientChoice.kind).where(
        ClientChoice.individual.in_(individuals), ClientChoice.channel == channel, ClientChoice.is_wanted == False  # noqa: E712
    )
    kinds: dict[int, set[str]] = {number: set() for number in individuals}
    for number, kind in theirs.tuples():
        kinds[number].add(kind)
    return {number: frozenset(each) for number, each in kinds.items()}


def consents_and_refusals(individual: Individual, channels: Sequence[str]) -> tuple[dict[str, Consent | None], frozenset[str]]:
    """``profile.consents_of``, and which kinds somebody with consent to e-mail does not want, with one question for both."""
    newest = Consent.select(fn.MAX(Consent.id)).where(Consent.individual == individual).group_by(Consent.channel)
    theirs = (
        (ClientChoice.individual == Consent.individual) & (ClientChoice.channel == Consent.channel) & (ClientChoice.is_wanted == False)  # noqa: E712
    )
    whole = Consent.select(Consent, Worker, ClientChoice.kind.alias("refused")).left_outer_join(Worker).switch(Consent)
    rows = list(whole.join(ClientChoice, JOIN.LEFT_OUTER, on=theirs, attr="choice").where(Consent.id.in_(newest)))
    known = {row.channel: row for row in rows}
    refused = frozenset(row.choice.refused for row in rows if row.channel == "email" and getattr(row, "choice", None) is not None)
    return {channel: known.get(channel) for channel in channels}, refused


def choose(individual: Individual, wanted: Mapping[str, bool], by: Actor, *, how: str, channel: str = "email") -> bool:
    """Set for some kinds whether an individual wants them; ``how`` is ``portal``, ``link``, ``one_click`` or ``staff``.

    True when something is different now.  What could not be told while it was not wanted is told of what is still ahead.
    """
    with store.writing():
        store.hold(individual)
        before = refused(individual.id, channel)
        changed = {kind: is_wanted for kind, is_wanted in wanted.items() if is_wanted == (kind in before)}
        for kind, is_wanted in changed.items():
            row = {"individual": individual, "channel": channel, "kind": kind, "is_wanted": is_wanted, "changed_at": clock.now()}
            target = [ClientChoice.individual, ClientChoice.channel, ClientChoice.kind]
            ClientChoice.insert(row).on_conflict(
                conflict_target=target, preserve=[ClientChoice.is_wanted, ClientChoice.changed_at]
            ).execute()  # fmt: skip
        if any(changed.values()):
            from domain import event_messages  # which asks here

            event_messages.wanted_again(individual.id)
        for kind, is_wanted in changed.items():
            audit.record("preference.changed", by, individual=individual, channel=channel, kind=kind, is_given=is_wanted, how=how)
    return bool(changed)


# ---------------------------------------------------------------- the link in each e-mail


def token(individual: Individual, kind: str, channel: str = "email") -> str:
    """What the address carries that stops messages of a kind: the name of a row, which is made for the first of them."""
    mine = ClientChoice.select(ClientChoice.public_id).where(
        ClientChoice.individual == individual, ClientChoice.channel == channel, ClientChoice.kind == kind
    )
    found = mine.first()
    if found is None:
        with store.writing():
            ClientChoice.insert(individual=individual, channel=channel, kind=kind, changed_at=clock.now()).on_conflict_ignore().execute()
            found = mine.get()
    return links.sealed("unsubscribe", found.public_id)


def by_link(token: str) -> tuple[Individual, str]:
    """Whom an address is about, and which kind.  Raises NotFound for what we did not sign, and for somebody who is gone."""
    every = ClientChoice.select(ClientChoice, Individual).join(Individual)
    row = every.where(ClientChoice.public_id == links.unsealed("unsubscribe", token)).first()
    if row is None or row.kind not in KINDS:
        raise NotFound
    return row.individual, row.kind
