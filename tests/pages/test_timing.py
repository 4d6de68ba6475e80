"""The time of an answer tells nobody who is known here (P26, T7)."""

import datetime as dt
import math
import secrets
import statistics
import time

import pytest
from pages.conftest import Browser, born

from domain import clock, links, passwords, settings, store
from models import AddressChange, Individual, Link, PortalAccount, RateCount, Setting

PAIRS = [pytest.param(150, marks=pytest.mark.long), pytest.param(1000, marks=pytest.mark.soak)]
MOST_APART = 0.001  # seconds between the medians
CHANCE = 0.001  # a difference as large as this one comes by chance at least so often


class Flow:
    """One thing that a known and an unknown person do, each in a browser of their own: what they send, what comes back."""

    status, page, button = 200, "", ""

    def __init__(self, app, cast):
        self.cast = cast
        self.browsers = {is_known: Browser(app) for is_known in (True, False)}
        for browser in self.browsers.values():
            browser.lints = False
        with store.writing():
            for key in ("sign_ins_a_minute", "resets_an_hour", "birth_date_tries_a_day", "birth_date_tries_a_network"):
                Setting.insert(key=key, value="100000").execute()

    def typed(self, is_known):
        return {}

    def before(self):
        """What is put right before each try, and not measured."""

    def send(self, is_known):
        """The answer to the page's form, sent with a one-time id of its own."""
        browser = self.browsers[is_known]
        form = (browser.page or browser.open(self.page)).form(self.button)
        return browser.send(form.action, form.filled(self.typed(is_known) | {"form_id": secrets.token_urlsafe(16)}))


class SignIn(Flow):
    """A wrong password: cheap to compare, as for every test, yet dearer than the limit, so that its lack is seen."""

    status, page, button = 422, "/sign-in", "Sign in"

    def __init__(self, app, cast):
        super().__init__(app, cast)
        passwords.use_cost(time_cost=2, memory_cost=4096)
        kept = passwords.hash(cast.password_of("alice"))
        with store.writing():
            PortalAccount.update(password_hash=kept).where(PortalAccount.id == cast.alice_account.id).execute()

    def typed(self, is_known):
        return {"email": "alice@example.org" if is_known else "alina@example.org", "password": "eleven wild swans land"}

    def before(self):
        self.put(state="active", reason=None, failed_sign_ins=0)

    def put(self, **columns):
        with store.writing():
            PortalAccount.update(**columns).where(PortalAccount.id == self.cast.alice_account.id).execute()


class LastTry(SignIn):
    """The wrong password that locks: the account moves, and an e-mail is written."""

    def before(self):
        self.put(state="active", reason=None, failed_sign_ins=4)


class LockedOut(SignIn):
    """One more wrong password at an account that is locked."""

    def before(self):
        self.put(state="locked", reason="attempts", failed_sign_ins=5)


class AnotherAddress(Flow):
    """A client wants to sign in with an address that is somebody's, or nobody's."""

    status, page, button = 303, "/my-portal/address", "Send the code"

    def __init__(self, app, cast):
        super().__init__(app, cast)
        with store.writing():
            Setting.insert(key="address_codes_an_hour", value="1000").execute()
        for browser in self.browsers.values():
            browser.take_seat("alice")
            browser.open(self.page)

    def typed(self, is_known):
        return {"email": "bob@example.org" if is_known else "bart@example.org", "current": self.cast.password_of("alice")}

    def before(self):
        with store.writing():
            AddressChange.update(asked_at=clock.ago(hours=1)).execute()
            RateCount.delete().execute()


class ForgottenPassword(Flow):
    status, page, button = 303, "/forgotten-password", "Send me the link"

    def typed(self, is_known):
        return {"email": "alice@example.org" if is_known else "alina@example.org"}

    def before(self):
        with store.writing():  # a thousand pairs are more than any limit
            RateCount.delete().execute()


class GuessedLink(Flow):
    """An activation link that we did not sign; one of the two names a link that there is."""

    status = 404

    def __init__(self, app, cast):
        super().__init__(app, cast)
        token = links.token(cast.invited())
        self.tokens = {True: token[:-5] + "AAAA" + token[-1], False: "A" * 22 + token[22:]}

    def send(self, is_known):
        return self.browsers[is_known].ask(f"/activate/{self.tokens[is_known]}")


class DateOfBirth(Flow):
    """The placeholder for "not known" as the date of birth: of one it is on record, of the other a true date is."""

    status, page, button = 422, "/activate/", "Continue"

    def __init__(self, app, cast):
        super().__init__(app, cast)
        pia, stranger = cast.invited(), cast.invited(cast.person())
        self.guess = settings.get("placeholder_birth_date")
        with store.writing():
            Individual.update(birth_date=self.guess).where(Individual.id == stranger.account.individual_id).execute()
        for is_known, link in ((True, pia), (False, stranger)):
            self.browsers[is_known].open(f"/activate/{links.token(link)}")
            self.browsers[is_known].press("Continue", accept=True)

    def typed(self, is_known):
        return born(self.guess)

    def before(self):
        with store.writing():
            PortalAccount.update(birth_date_tries=0).execute()


class NewLink(Flow):
    """Whoever has an old link asks for a new one: an account that is in use, or one that never was."""

    page, button = "/activate/", "Ask for a new link"

    def __init__(self, app, cast):
        super().__init__(app, cast)
        used, late = cast.link_of(cast.activated()), cast.invited(cast.person())
        with store.writing():
            Link.update(expires_at=clock.now() - dt.timedelta(days=1)).where(Link.id == late.id).execute()
        for is_known, link in ((True, used), (False, late)):
            self.browsers[is_known].open(f"/activate/{links.token(link)}")


FLOWS = (SignIn, LastTry, LockedOut, AnotherAddress, ForgottenPassword, GuessedLink, DateOfBirth, NewLink)


def measure(flow, pairs):
    """Pairs of a known and an unknown person, in turn first and second: of each the seconds, and those of the processor."""
    taken = {True: [], False: []}
    for number in range(pairs):
        for is_known in (True, False) if number % 2 else (False, True):
            flow.before()
            began, worked = time.perf_counter(), time.process_time()
            answer = flow.send(is_known)
            taken[is_known].append((time.perf_counter() - began, time.process_time() - worked))
            assert answer.status == flow.status
    return [list(zip(*taken[is_known], strict=True)) for is_known in (True, False)]


def chance(some, others):
    """Mann-Whitney, two-sided, by the normal approximation: how often chance alone makes such a difference."""
    by_value = sorted([(value, True) for value in some] + [(value, False) for value in others])
    first = sum(rank for rank, (_, is_one_of_some) in enumerate(by_value, 1) if is_one_of_some)
    n, m = len(some), len(others)
    u = first - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


@pytest.fixture
def _cheap_again():
    yield
    passwords.use_cost(time_cost=1, memory_cost=8)


def test_the_comparison_sees_a_difference_and_none():
    even, odd = [number / 1000 for number in range(0, 300, 2)], [number / 1000 for number in range(1, 300, 2)]
    assert chance(even, odd) > 0.5
    assert chance(even, [one + 0.05 for one in odd]) < CHANCE


@pytest.mark.usefixtures("_cheap_again")
@pytest.mark.parametrize("pairs", PAIRS)
@pytest.mark.parametrize("kind", FLOWS, ids=lambda kind: kind.__name__)
def test_known_and_unknown_people_are_answered_alike_and_equally_fast(app, cast, kind, pairs):
    """Pairs, interleaved, hashing made cheap for all alike; measured once more when the machine had other things to do.

    On a machine that is very busy two series of the same thing are further than a millisecond apart.  What the processor
    did for each of them is not, and the clock must not show more than chance would.
    """
    flow, answers = kind(app, cast), []
    for is_known in (True, False):
        flow.before()
        answers.append(flow.send(is_known))
    assert {answer.status for answer in answers} == {flow.status}
    assert answers[0].location == answers[1].location
    assert flow.status == 303 or answers[0].main == answers[1].main
    measure(flow, 5)
    for _ in range(2):
        (known, known_work), (unknown, unknown_work) = measure(flow, pairs)
        apart, p = between(known, unknown), chance(known, unknown)
        told = f"{kind.__name__}: medians {apart * 1000:.3f} ms apart, p = {p:.6f}"
        print(told)
        if p > CHANCE and min(apart, between(known_work, unknown_work)) < MOST_APART:
            return
    pytest.fail(told)


def between(some, others):
    return abs(statistics.median(some) - statistics.median(others))
