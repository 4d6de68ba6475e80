"""Where somebody is signed in: the list, signing out, forgetting (spec 01 sign-in; T9)."""

import pytest

from domain import accounts, devices, sign_in, store
from domain.rules import NotFound
from models import AuditEntry, Device, LoginSession

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604"
LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537 (KHTML, like Gecko) Chrome/130.0 Safari/537 Edg/130.0"


def enter(cast, name, agent=PHONE, device=""):
    account, worker = (None, cast.dora) if name == "dora" else (getattr(cast, f"{name}_account"), None)
    return sign_in.start(account, worker, device_token=device, agent=agent, network="192.0.2.7", tell_of_device=False)


def session_of(signed):
    return sign_in.session_of(signed.session_token)


BOTH = pytest.mark.parametrize("name", ["alice", "dora"])


@BOTH
def test_the_own_devices_are_listed_with_this_one_first(cast, name):
    here, _, _ = enter(cast, name), enter(cast, name, LAPTOP), enter(cast, "bob")
    places, more = devices.listed(session_of(here))
    assert [(p.browser, p.system, p.is_here, p.is_signed_in) for p in places] == [
        ("Safari", "iPhone", True, True), ("Edge", "Windows", False, True),
    ]  # fmt: skip
    assert more == ""


def test_a_device_is_one_line_however_often_it_signed_in(cast, frozen):
    frozen()
    first = enter(cast, "alice")
    frozen.shift(hours=2)
    again = enter(cast, "alice", device=first.device_token)
    (place,), _ = devices.listed(session_of(again))
    assert (place.seen_at - place.since).total_seconds() == 7200


def test_one_that_is_not_signed_in_any_more_is_listed_as_known(cast, frozen):
    frozen()
    enter(cast, "alice", LAPTOP)
    frozen.shift(minutes=31)
    places, _ = devices.listed(session_of(enter(cast, "alice")))
    assert [place.is_signed_in for place in places] == [True, False]


def test_a_session_of_before_whose_device_nobody_knows_is_listed_too(cast):
    here, old = enter(cast, "alice"), enter(cast, "alice", LAPTOP)
    with store.writing():
        LoginSession.update(device=None).where(LoginSession.id == session_of(old).id).execute()
        Device.delete().where(Device.agent == LAPTOP).execute()
    place = devices.listed(session_of(here))[0][1]
    assert (place.browser, place.public_id) == ("", session_of(old).public_id)
    assert devices.remove(session_of(here), place.public_id, cast.by("alice")) is False
    assert session_of(old) is None


def test_many_are_shown_twenty_at_a_time(cast):
    for _ in range(45):
        enter(cast, "alice", LAPTOP)
    here, seen, older = session_of(enter(cast, "alice")), [], ""
    for length in (21, 20, 5):
        places, older = devices.listed(here, older)
        assert len(places) == length
        seen += [place.public_id for place in places]
    assert older == ""
    assert len(set(seen)) == 46


@BOTH
def test_a_device_that_is_removed_is_signed_out_and_unknown(cast, name):
    here, there = enter(cast, name), enter(cast, name, LAPTOP)
    place = devices.listed(session_of(here))[0][1]
    assert devices.remove(session_of(here), place.public_id, cast.by(name)) is False
    assert session_of(there) is None
    assert session_of(here)
    assert len(devices.listed(session_of(here))[0]) == 1
    fresh = enter(cast, name, LAPTOP, device=there.device_token)
    assert fresh.device_token != there.device_token
    assert AuditEntry.select().where(AuditEntry.kind == "device.removed").count() == 1


def test_to_remove_the_own_one_ends_the_own_session(cast):
    here = session_of(enter(cast, "alice"))
    assert devices.remove(here, devices.listed(here)[0][0].public_id, cast.by("alice")) is True
    assert not LoginSession.select().where(LoginSession.account == cast.alice_account).exists()


def test_somebody_elses_is_not_there(cast):
    here, bobs, doras = session_of(enter(cast, "alice")), session_of(enter(cast, "bob")), session_of(enter(cast, "dora"))
    for other in (bobs, doras):
        for public_id in (other.public_id, other.device.public_id, "", "x" * 22):
            with pytest.raises(NotFound):
                devices.remove(here, public_id, cast.by("alice"))
    assert LoginSession.select().count() == 3


def test_of_two_who_remove_the_same_one_does(cast, at_once):
    here, place = session_of(enter(cast, "alice")), session_of(enter(cast, "alice", LAPTOP)).device

    def remove():
        try:
            return devices.remove(here, place.public_id, cast.by("alice"))
        except NotFound:
            return "not there"

    assert sorted(map(str, at_once([remove] * 6))) == ["False"] + ["not there"] * 5


@BOTH
def test_everywhere_else_means_everywhere_but_here(cast, name):
    here, others = enter(cast, name), [enter(cast, name, LAPTOP) for _ in range(3)]
    bobs = enter(cast, "bob")
    assert devices.sign_out_others(session_of(here), cast.by(name)) == 3
    assert devices.sign_out_others(session_of(here), cast.by(name)) == 0
    assert session_of(here)
    assert session_of(bobs)
    assert [session_of(each) for each in others] == [None] * 3
    assert AuditEntry.select().where(AuditEntry.kind == "sign_out.others").count() == 1


def test_a_forgotten_devices_number_goes_to_no_other(cast):
    """The e-mail about a new device is keyed by it."""
    here = session_of(enter(cast, "alice"))
    for _ in range(3):
        signed = sign_in.start(cast.alice_account, None, device_token="", agent=LAPTOP, network="")
        devices.remove(here, session_of(signed).device.public_id, cast.by("alice"))


def test_a_session_knows_its_device_after_a_change_of_password(cast):
    here = session_of(enter(cast, "alice"))
    token = sign_in.change_password(here, cast.password_of("alice"), "eleven grey seals rest", cast.by("alice"))
    assert sign_in.session_of(token).device_id == here.device_id


def test_suspending_ends_them_all(cast):
    enter(cast, "alice")
    accounts.suspend(cast.alice_account, cast.by("ada"))
    assert not LoginSession.select().where(LoginSession.account == cast.alice_account).exists()


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (PHONE, ("Safari", "iPhone")), (LAPTOP, ("Edge", "Windows")), ("", ("", "")), ("curl/8.0", ("", "")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", ("Firefox", "Linux")),
        ("Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537 SamsungBrowser/25.0 Chrome/121 Mobile Safari/537",
         ("Samsung Internet", "Android")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605 Version/17.0 Safari/605", ("Safari", "Mac")),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/130.0 Safari/537", ("Chrome", "Chromebook")),
    ],
)  # fmt: skip
def test_a_browser_is_called_what_people_call_it(agent, told):
    assert devices.named(agent) == told
