"""What an agency decides: typed, within limits, audited, and in force at once."""

import datetime as dt

import pytest

from domain import audit, settings, store
from domain.actor import SYSTEM
from domain.rules import RuleBroken
from models import AuditEntry, Setting

DEFAULTS = {  # as the specification has them
    "activation_expiry_days": 14,
    "minimum_age": 16,
    "placeholder_birth_date": dt.date(1900, 1, 1),
    "licence_count": 0,
    "password_length": 12,
    "birth_date_tries": 3,
    "birth_date_tries_a_day": 5,
    "birth_date_tries_a_network": 20,
    "sign_ins_a_minute": 10,
    "resets_an_hour": 5,
    "reset_minutes": 30,
    "idle_minutes": 30,
    "session_hours": 12,
    "mail_rate": 10,
    "unsent_minutes": 60,
    "quick_exit": True,
    "quick_exit_address": "https://www.google.com/",
}


def test_what_nobody_decided_is_as_the_specification_says(db):
    assert {key: settings.get(key) for key in DEFAULTS} == DEFAULTS


def test_a_decision_counts_at_once_and_is_told_in_the_audit(cast):
    settings.change("minimum_age", " 18 ", cast.by("ada"))
    assert settings.get("minimum_age") == 18
    entry = AuditEntry.get(AuditEntry.kind == "setting.changed")
    assert entry.worker == cast.ada
    assert audit.values_of(entry) == {"key": "minimum_age", "before": "16", "after": "18"}
    settings.change("minimum_age", "16", cast.by("ada"))
    assert settings.get("minimum_age") == 16
    assert Setting.select().where(Setting.key == "minimum_age").count() == 1


def test_a_decision_counts_within_the_same_request(cast):
    with store.remembering():
        assert settings.get("minimum_age") == 16
        settings.change("minimum_age", "18", cast.by("ada"))
        assert settings.get("minimum_age") == 18


def test_a_decision_that_was_rolled_back_does_not_count_within_the_same_request(cast):
    with store.remembering():
        with pytest.raises(ZeroDivisionError), store.writing():
            settings.change("minimum_age", "18", cast.by("ada"))
            store.forget()
            assert settings.get("minimum_age") == 18
            raise ZeroDivisionError
        assert settings.get("minimum_age") == 16


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("minimum_age", "eighteen", "setting_value"),
        ("minimum_age", "", "setting_value"),
        ("minimum_age", "16.5", "setting_value"),
        ("minimum_age", "-1", "setting_limits"),
        ("minimum_age", "100", "setting_limits"),
        ("idle_minutes", "4", "setting_limits"),
        ("activation_expiry_days", "0", "setting_limits"),
        ("birth_date_tries", "4", "setting_limits"),
        ("placeholder_birth_date", "1900-02-30", "setting_value"),
        ("placeholder_birth_date", "long ago", "setting_value"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(cast, key, text, code):
    with pytest.raises(RuleBroken) as refusal:
        settings.change(key, text, cast.by("ada"))
    assert refusal.value.code == code
    assert str(settings.CATALOGUE[key].label) in str(refusal.value)
    assert settings.get(key) == DEFAULTS[key]
    assert not AuditEntry.select().where(AuditEntry.kind == "setting.changed").exists()


@pytest.mark.parametrize("key", [key for key, kind in settings.CATALOGUE.items() if kind.least is not None])
def test_both_ends_of_each_number_are_allowed(cast, key):
    kind = settings.CATALOGUE[key]
    for value in (kind.least, kind.most):
        settings.change(key, str(value), cast.by("ada"))
        assert settings.get(key) == value
    assert kind.least <= kind.default <= kind.most


@pytest.mark.parametrize(("key", "stored", "read"), [("birth_date_tries", 5, 3), ("birth_date_tries", 0, 1), ("idle_minutes", 9999, 240)])
def test_what_was_stored_before_a_limit_was_drawn_counts_as_the_limit(db, key, stored, read):
    with store.writing():
        Setting.insert(key=key, value=str(stored)).execute()
    assert settings.get(key) == read
    assert settings.as_text(key) == str(read)


def test_of_many_who_save_what_they_saw_at_once_one_does_and_the_others_are_told(cast, at_once):
    shown = {"minimum_age": "16"}
    answers = at_once([lambda age=age: settings.write_all({"minimum_age": str(age)}, cast.by("ada"), shown=shown) for age in range(17, 25)])
    assert [answer for answer in answers if not isinstance(answer, RuleBroken)] == [1]
    assert {answer.code for answer in answers if isinstance(answer, RuleBroken)} == {"stale"}
    assert AuditEntry.select().where(AuditEntry.kind == "setting.changed").count() == 1


def test_a_date_is_kept_as_a_date(cast):
    settings.change("placeholder_birth_date", "1899-12-31", cast.by("ada"))
    assert settings.get("placeholder_birth_date") == dt.date(1899, 12, 31)


def test_a_setting_that_does_not_exist_is_a_bug(cast):
    with pytest.raises(KeyError):
        settings.get("maximum_age")
    with pytest.raises(KeyError):
        settings.change("maximum_age", "1", cast.by("ada"))


def test_every_setting_stands_on_exactly_one_page():
    stands = [key for section in settings.SECTIONS.values() for key in section.keys]
    assert sorted(stands) == sorted(settings.CATALOGUE)


def test_what_another_process_decided_counts_at_once(db):
    assert settings.get("minimum_age") == 16
    with store.writing():  # as another process writes: nothing here is told
        Setting.insert(key="minimum_age", value="18").execute()
    assert settings.get("minimum_age") == 18
    with store.writing():
        Setting.delete().where(Setting.key == "minimum_age").execute()
    assert settings.get("minimum_age") == 16


def test_what_was_undone_is_not_remembered(db):
    with pytest.raises(ZeroDivisionError), store.writing():
        settings.change("minimum_age", "18", SYSTEM)
        assert settings.get("minimum_age") == 18
        1 / 0  # noqa: B018
    assert settings.get("minimum_age") == 16


def test_while_nothing_is_decided_anew_the_process_asks_only_for_the_mark(db):
    settings.get("minimum_age")
    asked = []
    listen = db.execute_sql
    db.execute_sql = lambda sql, params=None: (asked.append(sql), listen(sql, params))[1]
    try:
        for _ in range(3):
            with store.remembering():
                settings.get("minimum_age")
                settings.get("licence_count")
    finally:
        del db.execute_sql
    assert asked == ["SELECT token FROM house_mark"] * 3


@pytest.mark.parametrize("address", ["https://weather.example.org", "https://www.example.org:8443/a/b?c=d&e=f#g", " https://example.org/ "])
def test_a_page_by_https_may_be_where_quick_exit_leads(cast, address):
    settings.change("quick_exit_address", address, cast.by("ada"))
    assert settings.get("quick_exit_address") == address.strip()


@pytest.mark.parametrize(
    "address",
    ["", "http://example.org/", "javascript:alert(1)", "//example.org", "https://", "https:///x", "https://example", "https://a@example.org/",
     "https://example.org/\r\nSet-Cookie: x=1", "https://example.org/; url=https://evil.example", "https://exa mple.org/", "https://example.org\\x",
     "https://192.0.2.1/", "https://[::1]/", "https://example.org/" + "x" * 300, 'https://example.org/"onclick', "https://exämple.org/"],
)  # fmt: skip
def test_nothing_else_may_be(cast, address):
    with pytest.raises(RuleBroken) as refusal:
        settings.change("quick_exit_address", address, cast.by("ada"))
    assert refusal.value.code == "setting_address"
    assert settings.get("quick_exit_address") == DEFAULTS["quick_exit_address"]
