"""Who has no account reads a discussion by an e-mailed link: who is reached how, the date of birth, one answer, and how a link ends."""

import datetime as dt

import pytest
from peewee import IntegrityError
from smtp_server import SmtpServer

from domain import (
    accounts,
    audit,
    clock,
    discussions,
    letters,
    links,
    notices,
    profile,
    reply_links,
    replying,
    settings,
    store,
    ways,
)
from domain.actor import SYSTEM
from domain.rules import NotFound, RuleBroken
from models import AuditEntry, Delivery, Discussion, Individual, LinkOpening, Message, ReplyLink, Task

PORTAL = "https://portal.example.org"
WRONG = dt.date(1990, 6, 15)


def code(call):
    with pytest.raises(RuleBroken) as refused:
        call()
    return refused.value.code


def write_to(cast, who="pia", body="Please call us."):
    return discussions.start(getattr(cast, who), "Your form", body, cast.by("dora"), worker=cast.dora)


def waiting(discussion):
    """The newest e-mail of a discussion."""
    mine = Delivery.select().where(Delivery.kind == "message_waiting", Delivery.dedupe_key.startswith(f"message_waiting:{discussion.id}:"))
    return mine.order_by(Delivery.id.desc()).get()


def letter_of(discussion):
    return letters.letter(waiting(discussion), PORTAL)


def sent(discussion):
    """The link that the e-mail brings."""
    letter_of(discussion)
    return reply_links.newest(discussion)


def link_to(cast, who="pia"):
    return sent(write_to(cast, who))


def prove(found, born, network="192.0.2.7", cast=None):
    return reply_links.prove_birth_date(found, born, cast.visitor(network))


def now(found):
    return ReplyLink.get_by_id(found.id)


def bodies(discussion):
    return [message.body for message in Message.select().where(Message.discussion == discussion.id).order_by(Message.id)]


def kinds():
    return [entry.kind for entry in AuditEntry.select().where(AuditEntry.kind.startswith("reply_link.")).order_by(AuditEntry.id)]


# ---------------------------------------------------------------- who is reached, and how


def put_right(cast, **changes):
    with store.writing():
        Individual.update(**changes).where(Individual.id == cast.pia.id).execute()


def test_who_has_no_account_is_reached_by_a_link_and_who_is_to_activate_by_activation(cast):
    assert [ways.of(each).kind for each in (cast.alice, cast.eve, cast.pia)] == ["portal", "portal", "reply_link"]
    cast.invited()
    assert ways.of(cast.pia).kind == "activation"
    accounts.cancel(cast.pia_account, cast.by("ada"))
    assert ways.of(cast.pia).kind == "reply_link"


def test_whose_account_staff_took_is_reached_by_nothing(cast):
    accounts.disable(cast.alice_account, cast.by("ada"))
    accounts.close(cast.bob_account, cast.by("ada"))
    assert [[each.code for each in ways.of(who).missing] for who in (cast.alice, cast.bob)] == [["disabled"], ["closed_staff"]]
    assert [code(lambda who=who: write_to(cast, who)) for who in ("alice", "bob")] == ["disabled", "closed_staff"]


def test_what_stands_between_is_named_before_anything_is_written(cast):
    put_right(cast, birth_date=settings.get("placeholder_birth_date"))
    assert code(lambda: write_to(cast)) == "birth_date"
    put_right(cast, birth_date=None)
    profile.record_consent(cast.pia, "email", False, cast.by("ines"))
    assert [each.code for each in ways.of(cast.pia).missing] == ["consent", "birth_date"]
    assert not discussions.may_be_written_to(cast.pia)
    assert {each.code for each in ways.of(cast.sam).missing} == {"consent", "address"}
    put_right(cast, death_date=dt.date(2026, 1, 1))
    assert ways.of(cast.pia).missing[0].code == "deceased"
    assert not Discussion.select().exists()


def test_the_mail_to_who_has_no_account_brings_the_link_and_says_nothing_of_what_is_written(cast):
    made = write_to(cast, body="Secret words")
    letter = letter_of(made)
    found = reply_links.newest(made)
    assert letter.button[1] == f"{PORTAL}/reply/{reply_links.token(found)}"
    assert "ecret" not in str(letter)
    assert "Your form" not in str(letter)
    assert waiting(made).to_address == "pia@example.org"
    assert letter_of(made).button == letter.button  # each try brings the same
    assert ReplyLink.select().count() == 1
    assert kinds() == ["reply_link.made"]


def test_the_mail_before_activation_leads_to_activation_and_then_there(cast):
    cast.invited()
    made = write_to(cast)
    assert letter_of(made).button[1].startswith(f"{PORTAL}/arrival/")
    assert not ReplyLink.select().exists()


@pytest.mark.parametrize("act", [accounts.disable, accounts.close])
def test_whose_account_is_taken_while_the_mail_waits_gets_none_and_the_worker_is_told(cast, deliver, frozen, act):
    frozen()
    made = write_to(cast, "alice")
    act(cast.alice_account, cast.by("ada"))
    frozen.shift(minutes=11)
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert waiting(made).state == "suppressed"
    task = Task.get()
    assert (task.kind, task.individual, task.worker) == ("delivery_problem", cast.alice, cast.dora)


def test_consent_withdrawn_while_the_mail_waits_is_looked_at_and_told(cast, deliver, frozen):
    frozen()
    made = write_to(cast)
    profile.record_consent(cast.pia, "email", False, cast.by("ines"))
    frozen.shift(minutes=11)
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert (waiting(made).state, waiting(made).last_error) == ("suppressed", "There is no consent to e-mail.")
    task = Task.get()
    assert (task.kind, task.worker) == ("delivery_problem", None)  # Dora may not see her
    profile.record_consent(cast.pia, "email", True, cast.by("ines"))
    discussions.write(made, "Once more.", cast.by("dora"))  # what was not sent is told with the next one
    frozen.shift(minutes=11)
    with SmtpServer() as server:
        assert deliver(server) == 1


def test_what_was_read_before_it_was_sent_is_no_problem_of_anybody(cast, deliver, frozen):
    frozen()
    made = write_to(cast, "alice")
    discussions.seen(made, 10**6, cast.by("alice"))
    frozen.shift(minutes=11)
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert not Task.select().exists()


def test_an_account_that_is_opened_meanwhile_is_led_to_the_portal(cast):
    made = write_to(cast)
    cast.activated()
    assert letter_of(made).button[1] == f"{PORTAL}/inbox/{made.public_id}/"


# ---------------------------------------------------------------- the date of birth


def test_the_right_date_opens_it_and_costs_no_try(cast):
    found = link_to(cast)
    assert reply_links.standing(found) == "good"
    proof = prove(found, cast.pia.birth_date, cast=cast)
    assert reply_links.is_proved(found, proof)
    assert not reply_links.is_proved(found, "something else")
    assert now(found).tries == 0
    assert kinds() == ["reply_link.made", "reply_link.proved"]


def test_the_third_wrong_date_ends_the_link_for_ever_and_everybody_is_told(cast):
    found = link_to(cast)
    for left in (2, 1):
        with pytest.raises(RuleBroken) as refused:
            prove(found, WRONG, cast=cast)
        assert (refused.value.code, refused.value.count) == ("wrong", left)
    assert code(lambda: prove(found, WRONG, cast=cast)) == "closed"
    assert (reply_links.standing(reply_links.newest(found.discussion)), now(found).tries) == ("birth_date", 3)
    assert code(lambda: prove(found, cast.pia.birth_date, cast=cast)) == "no_longer"
    task = Task.get()
    assert (task.kind, task.category, task.individual) == ("reply_link_closed", "intake", cast.pia)
    assert letters.letter(Delivery.get(Delivery.kind == "reply_link_closed"), PORTAL).button is None
    assert kinds() == ["reply_link.made", *["reply_link.birth_date_wrong"] * 3, "reply_link.died"]
    assert audit.verify() == []


def test_the_task_is_that_of_who_has_the_discussion_where_they_may_see_the_client(cast):
    profile.follow(cast.pia, cast.dora, cast.by("dora"))
    found = link_to(cast)
    for _ in range(3):
        code(lambda: prove(found, WRONG, cast=cast))
    assert Task.get().worker == cast.dora


def test_the_placeholder_opens_nothing(cast):
    found = link_to(cast)
    put_right(cast, birth_date=settings.get("placeholder_birth_date"))
    assert reply_links.standing(reply_links.newest(found.discussion)) == "closed"
    assert code(lambda: prove(found, settings.get("placeholder_birth_date"), cast=cast)) == "no_longer"
    assert now(found).tries == 0


def test_fifty_wrong_dates_at_once_are_three(cast, at_once):
    found = link_to(cast)
    answers = at_once([lambda number=number: prove(found, WRONG, f"192.0.2.{number}", cast) for number in range(50)])
    said = sorted(answer.code for answer in answers)
    assert said == ["closed", *["no_longer"] * 47, "wrong", "wrong"]
    assert now(found).tries == 3
    assert AuditEntry.select().where(AuditEntry.kind == "reply_link.birth_date_wrong").count() == 3
    assert Task.select().count() == 1


def test_fifty_right_dates_at_once_cost_nothing(cast, at_once):
    found, born = link_to(cast), cast.pia.birth_date
    answers = at_once([lambda number=number: prove(found, born, f"192.0.2.{number}", cast) for number in range(50)])
    assert sum(isinstance(answer, str) for answer in answers) > 0
    assert {answer.code for answer in answers if isinstance(answer, RuleBroken)} <= {"too_many", "no_longer"}
    assert (now(found).tries, now(found).ended) == (0, "")
    assert reply_links.is_proved(found, prove(found, born, cast=cast))


def test_many_links_do_not_make_more_tries_in_a_day(cast, frozen):
    frozen("2026-03-04 16:00")
    found, said = link_to(cast), []
    for _ in range(3):
        said.append(code(lambda found=found: prove(found, WRONG, cast=cast)))
    found = reply_links.send_new(found.discussion, cast.by("dora"))
    for _ in range(3):
        said.append(code(lambda found=found: prove(found, WRONG, cast=cast)))
    assert said == ["wrong", "wrong", "closed", "wrong", "wrong", "too_many"]
    assert code(lambda: prove(found, cast.pia.birth_date, cast=cast)) == "too_many"
    frozen.shift(days=1)
    assert prove(found, cast.pia.birth_date, cast=cast)


def test_tries_of_activation_and_of_reply_links_count_together(cast):
    from domain import activation

    found, link = link_to(cast), cast.invited()
    for _ in range(2):
        code(lambda: prove(found, WRONG, cast=cast))
    for _ in range(3):
        code(lambda: activation.prove_birth_date(link, WRONG, cast.visitor()))
    assert code(lambda: prove(found, cast.pia.birth_date, cast=cast)) == "too_many"


def test_the_proof_is_good_for_half_an_hour_and_for_this_link_only(cast, frozen):
    frozen("2026-03-04 16:00")
    first, second = link_to(cast), link_to(cast)
    proof = prove(first, cast.pia.birth_date, cast=cast)
    assert not reply_links.is_proved(second, proof)
    frozen.shift(minutes=31)
    assert not reply_links.is_proved(first, proof)
    assert code(lambda: replying.answer(first, "Yes.", cast.visitor(), proof=proof)) == "not_proved"


# ---------------------------------------------------------------- the answer


def opened(cast, who="pia"):
    """A link whose reader gave the date of birth, and the proof of it."""
    found = link_to(cast, who)
    return found, prove(found, getattr(cast, who).birth_date, cast=cast)


def test_the_answer_is_the_clients_and_spends_the_link(cast):
    found, proof = opened(cast)
    made = replying.answer(found, "I will.", cast.visitor(), proof=proof)
    it = Discussion.get_by_id(found.discussion_id)
    assert (made.author, made.account, made.worker) == ("client", None, None)
    assert (it.is_unread, it.is_new, it.in_a_row) == (False, True, 1)
    assert reply_links.standing(reply_links.newest(it)) == "answered"
    assert code(lambda: replying.answer(found, "Again.", cast.visitor(), proof=proof)) == "no_longer"
    assert bodies(it) == ["Please call us.", "I will."]
    assert kinds()[-1] == "reply_link.answered"
    assert audit.verify() == []


@pytest.mark.parametrize(("body", "said"), [("  ", "missing"), ("x" * 5001, "too_long"), ("a\x00b", "bad_character")])
def test_what_cannot_be_sent_costs_nothing(cast, body, said):
    found, proof = opened(cast)
    assert code(lambda: replying.answer(found, body, cast.visitor(), proof=proof)) == said
    assert now(found).ended == ""
    assert replying.answer(found, "x" * 5000, cast.visitor(), proof=proof)


def test_of_two_answers_at_once_exactly_one_is_kept(cast, at_once):
    found, proof = opened(cast)
    answers = at_once([lambda number=number: replying.answer(found, f"{number}", cast.visitor(), proof=proof) for number in range(10)])
    assert sorted(type(answer).__name__ for answer in answers) == ["Message"] + ["RuleBroken"] * 9
    assert len(bodies(found.discussion)) == 2


def test_an_answer_and_a_withdrawal_at_once_do_not_both_happen(cast, at_once):
    for _ in range(5):
        found, proof = opened(cast)
        at_once([lambda f=found, p=proof: replying.answer(f, "Yes.", cast.visitor(), proof=p),
                 lambda f=found: reply_links.withdraw(f.discussion, cast.by("dora"))])  # fmt: skip
        assert len(bodies(found.discussion)) == {"answered": 2, "withdrawn": 1}[now(found).ended]


def test_when_staff_answer_the_next_mail_brings_a_fresh_link(cast):
    found, proof = opened(cast)
    replying.answer(found, "I will.", cast.visitor(), proof=proof)
    discussions.write(found.discussion, "Good.", cast.by("dora"))
    fresh = sent(found.discussion)
    assert fresh.id != found.id
    assert (reply_links.standing(fresh), now(found).ended) == ("good", "answered")


def test_the_limit_of_messages_in_a_row_holds(cast):
    settings.change("unanswered_limit", "1", SYSTEM)
    found, proof = opened(cast)
    replying.answer(found, "One.", cast.visitor(), proof=proof)
    second = reply_links.send_new(found.discussion, cast.by("dora"))
    proof = prove(second, cast.pia.birth_date, cast=cast)
    assert code(lambda: replying.answer(second, "Two.", cast.visitor(), proof=proof)) == "in_a_row"
    assert now(second).ended == ""


def test_what_was_read_by_link_is_seen(cast):
    found, proof = opened(cast)
    assert code(lambda: replying.seen(found, 10**6, cast.visitor(), proof="")) == "not_proved"
    assert Discussion.get_by_id(found.discussion_id).is_unread
    replying.seen(found, 10**6, cast.visitor(), proof=proof)
    assert not Discussion.get_by_id(found.discussion_id).is_unread


# ---------------------------------------------------------------- how it ends


def test_it_is_too_old_after_thirty_days(cast, frozen, decided):
    frozen("2026-03-04 16:00")
    found = link_to(cast)
    frozen.shift(days=29, hours=23)
    assert reply_links.standing(found) == "good"
    frozen.shift(hours=2)
    assert reply_links.standing(found) == "expired"
    assert code(lambda: prove(found, cast.pia.birth_date, cast=cast)) == "no_longer"
    decided(reply_link_days=2)
    fresh = reply_links.send_new(found.discussion, cast.by("dora"))
    assert fresh.link.expires_at == clock.ahead(days=2)


def test_withdrawn_it_opens_nothing_and_twice_is_harmless(cast):
    found, proof = opened(cast)
    for _ in range(2):
        reply_links.withdraw(found.discussion, cast.by("dora"))
    assert reply_links.standing(reply_links.newest(found.discussion)) == "withdrawn"
    assert code(lambda: replying.answer(found, "Yes.", cast.visitor(), proof=proof)) == "no_longer"
    assert kinds().count("reply_link.withdrawn") == 1


def test_once_they_sign_in_it_leads_to_the_portal(cast):
    found, proof = opened(cast)
    cast.invited()
    assert reply_links.standing(found) == "good"
    accounts.cancel(cast.pia_account, cast.by("ada"))
    account = cast.activated()
    assert reply_links.standing(found) == "portal"
    assert code(lambda: replying.answer(found, "Yes.", cast.visitor(), proof=proof)) == "no_longer"
    accounts.disable(account, cast.by("ada"))
    assert reply_links.standing(found) == "closed"
    accounts.close(account, cast.by("ada"))
    assert reply_links.standing(found) == "closed"


def test_of_who_died_and_where_messages_are_off_it_opens_nothing(cast, decided):
    found = link_to(cast)
    decided(discussions=0)
    assert reply_links.standing(found) == "closed"
    decided(discussions=1)
    put_right(cast, death_date=dt.date(2026, 1, 1))
    assert reply_links.standing(reply_links.newest(found.discussion)) == "closed"


def test_staff_send_a_new_one_at_once_and_the_earlier_one_stops(cast, deliver):
    first = link_to(cast)
    with SmtpServer() as server:
        second = reply_links.send_new(first.discussion, cast.by("dora"))
        assert deliver(server) == 1
    assert (now(first).ended, reply_links.standing(second)) == ("replaced", "good")
    assert reply_links.sent_at(second) is not None
    assert reply_links.sent_at(first) is None
    states = [row.state for row in Delivery.select().where(Delivery.kind == "message_waiting").order_by(Delivery.id)]
    assert states == ["cancelled", "sent"]


def test_a_new_one_goes_also_when_nothing_is_unread_and_after_a_wrong_date(cast, deliver):
    found, proof = opened(cast)
    replying.seen(found, 10**6, cast.visitor(), proof=proof)
    for _ in range(3):
        code(lambda: prove(found, WRONG, cast=cast))
    reply_links.send_new(found.discussion, cast.by("dora"))
    with SmtpServer() as server:
        assert deliver(server) >= 1
    assert waiting(found.discussion).state == "sent"


def test_no_new_one_goes_to_who_signs_in_or_is_not_reached(cast):
    made = write_to(cast, "alice")
    assert code(lambda: reply_links.send_new(made, cast.by("dora"))) == "has_account"
    accounts.disable(cast.alice_account, cast.by("ada"))
    assert code(lambda: reply_links.send_new(made, cast.by("dora"))) == "disabled"


def test_a_link_withdrawn_before_its_mail_left_is_not_sent(cast, deliver):
    made = write_to(cast)
    reply_links.send_new(made, cast.by("dora"))
    reply_links.withdraw(made, cast.by("dora"))
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert waiting(made).state == "suppressed"


def test_what_is_written_while_a_link_works_brings_no_second_mail_and_after_its_end_it_does(cast):
    found = link_to(cast)
    with store.writing():
        Delivery.update(state="sent", sent_at=clock.now()).execute()
    discussions.write(found.discussion, "One more thing.", cast.by("dora"))
    assert Delivery.select().where(Delivery.kind == "message_waiting").count() == 1
    reply_links.withdraw(found.discussion, cast.by("dora"))
    discussions.write(found.discussion, "And this.", cast.by("dora"))
    assert Delivery.select().where(Delivery.kind == "message_waiting").count() == 2
    assert reply_links.standing(sent(found.discussion)) == "good"


def test_a_new_link_is_asked_for_once_a_day(cast, frozen):
    frozen("2026-03-04 16:00")
    found = link_to(cast)
    for _ in range(3):
        reply_links.ask_for_new(found, cast.visitor())
    assert [task.kind for task in Task.select()] == ["reply_link_wanted"]
    frozen.shift(days=1)
    reply_links.ask_for_new(found, cast.visitor())
    assert Task.select().count() == 2


# ---------------------------------------------------------------- what nobody can forge


def test_only_what_we_signed_is_found(cast):
    found, other = link_to(cast), cast.invited()
    token = reply_links.token(found)
    assert reply_links.find(token).id == found.id
    for wrong in ("", "x", token[:-1], token + "x", token.swapcase(), links.token(other), reply_links.seal(found)):
        with pytest.raises(NotFound):
            reply_links.find(wrong)
    assert reply_links.by_seal(reply_links.seal(found)).id == found.id
    with pytest.raises(NotFound):
        reply_links.by_seal(token)


def test_the_database_itself_allows_one_link_of_a_discussion(cast):
    found = link_to(cast)
    with pytest.raises(IntegrityError), store.writing():
        ReplyLink.create(link=links.make("reply", clock.ahead(days=1), beside=True), discussion=found.discussion)
    with pytest.raises(IntegrityError), store.writing():
        ReplyLink.update(tries=4).where(ReplyLink.id == found.id).execute()
    with pytest.raises(IntegrityError), store.writing():
        ReplyLink.update(ended="lost", ended_at=clock.now()).where(ReplyLink.id == found.id).execute()


def test_two_mails_at_once_make_one_link_each_and_one_of_them_stands(cast, at_once):
    made = write_to(cast)
    at_once([lambda: reply_links.send_new(made, cast.by("dora"))] * 4)
    assert ReplyLink.select().where(ReplyLink.ended == "").count() == 1
    assert ReplyLink.select().count() == 4


def test_who_looks_up_the_openings_sees_them_newest_first(cast):
    found = link_to(cast)
    for agent in ("a scanner", "a phone"):
        links.opened(found.link, network="192.0.2.9", agent=agent)
    assert [each.agent for each in reply_links.openings(found)] == ["a phone", "a scanner"]
    assert LinkOpening.select().count() == 2


def test_no_kind_of_letter_is_without_a_name(cast):
    assert set(letters.KIND_NAMES) == set(notices.KINDS)
