"""Open the link, give the date of birth, read, answer once.

Opening changes nothing but the list of openings: mail scanners open links.  Whoever is here is a client without an account, also
where somebody is signed in in the same browser.  What was opened is in a cookie of the path.  A form says by itself of which link it
is, because there may be two tabs, or it was written for longer than the cookie lasts; it has a seal of its own, so that no page
shows the token.
"""

from flask import current_app, redirect, request

from blueprints.inbox import box, wording
from blueprints.reply import bp
from blueprints.reply.forms import Answer, BirthDate
from domain import agency, attachments, discussions, reply_links, replying, settings, texts, threads
from domain.actor import Actor
from domain.rules import NotFound, RuleBroken
from models import MESSAGE_LETTERS
from web import attached, carried, sessions
from web.addresses import url_for
from web.fragments import done, is_fragment, nothing, page
from web.languages import gettext as _
from web.languages import spoken
from web.leaving import end_reply, leave_quickly, must_be_offered
from web.posts import leads_on, takes_files

PLACE = carried.REPLY


@bp.context_processor
def _leaves_quickly():
    """Whoever reads here has given their date of birth: the way out is offered as to who signed in.  It begins below the path of the
    cookie, which no other address is shown."""
    return {"quick_exit": settings.get("quick_exit_address") if settings.get("quick_exit") else "", "exit_by": f"{PLACE.path}quick-exit"}


@bp.get("/<token>")
def open_link(token: str):
    return PLACE.opened(reply_links.find(token).link, token)


@bp.errorhandler(NotFound)
def is_no_link(error: NotFound):
    return carried.incomplete_link()


@bp.get("/")
def step():
    words = PLACE.words()
    return _show(words, reply_links.find(words["token"]))


@bp.get("/date-of-birth")
@bp.get("/messages")
@bp.get("/seen")
@bp.get("/new-link")
def back_to_step():
    """Back or reload after a step that was refused."""
    return redirect(PLACE.path, 303)


@bp.get("/files/<file_id>")
def file(file_id: str):
    """A file of the discussion, for who gave the date of birth."""
    words = PLACE.words()
    found = reply_links.find(words["token"])
    if reply_links.standing(found) != reply_links.GOOD or not reply_links.is_proved(found, words.get("proof", "")):
        return redirect(PLACE.path, 303)
    return attached.download(attachments.one(found.discussion, file_id))


@bp.post("/date-of-birth")
def prove():
    """With it, or with what was to be sent and waited for it."""
    (words, found), form = _sent(), BirthDate()
    if form.validate():
        try:
            words["proof"] = reply_links.prove_birth_date(found, form.birth_date.data, _client())
            if _lost():  # it is sent once they have chosen these again
                return PLACE.carry(_show(words, found, answer=Answer()), words)
            return PLACE.carry(_answered(words, found) if _typed() else done(PLACE.path), words)
        except RuleBroken as refused:
            form.refuse(refused)
    return PLACE.carry(_show(words, found, form), words)


@bp.post("/messages")
@takes_files
def answer():
    words, found = _sent()
    return PLACE.carry(_answered(words, found), words)


def _answered(words, found):
    """No file is looked at before the link and the date of birth were."""
    if reply_links.standing(found) != reply_links.GOOD or not reply_links.is_proved(found, words.get("proof", "")):
        return _show(words, found, is_kept=True)
    form = Answer()
    if form.validate():
        try:
            replying.answer(found, form.body.data, _client(), proof=words.get("proof", ""), files=form.ready)
            return done(PLACE.path)
        except RuleBroken as refused:
            form.refuse(refused)
    return _show(words, found, answer=form)


@bp.post("/seen")
def seen():
    words, found = _sent()
    if reply_links.standing(found) == reply_links.GOOD and reply_links.is_proved(found, words.get("proof", "")):
        replying.seen(found, wording.number(request.form.get("last", "")), _client(), proof=words["proof"])
    return nothing() if is_fragment() else done(PLACE.path)


@bp.post("/new-link")
def ask():
    reply_links.ask_for_new(_sent()[1], _client())
    return page("activate/asked.html", phone=agency.support_phone())


@bp.post("/quick-exit")
@leads_on("/quick-exit")
def leave():
    """What the date of birth opened ends, and with it the session of who is signed in here."""
    must_be_offered()
    end_reply()
    return leave_quickly()


def _client() -> Actor:
    return Actor(network=sessions.network())


def _typed() -> str:
    """What they wanted to send."""
    return request.form.get("body", "").strip()


def _lost():
    """The names of the files that they wanted to send along and must choose again."""
    return attached.names_lost()


def _sent():
    """Of which link a form is, and what the browser remembers of that one; without its seal it is of what was opened last."""
    seal = request.form.get("link", "")
    found = reply_links.by_seal(seal) if seal else reply_links.find(PLACE.words()["token"])
    token = reply_links.token(found)
    words = PLACE.read(current_app) or {}
    return (words if words.get("token") == token else {"token": token}), found


def _show(words, found, born: BirthDate | None = None, answer: Answer | None = None, *, is_kept: bool = False):
    """The page that stands now: what became of the link, the date of birth, or the discussion; ``is_kept`` where something was not
    sent."""
    found = found if request.method == "GET" else reply_links.fresh(found)
    standing, proof = reply_links.standing_of(found), words.get("proof", "")
    if standing != reply_links.GOOD:
        return _over(found, standing, proof)
    if born is not None or not reply_links.is_proved_of(found, proof):
        status = 422 if born is not None or answer is not None or is_kept else 200
        return page("reply/birth_date.html", form=born or BirthDate(formdata=None), written=_typed(), lost=_lost(),
                    seal=reply_links.seal(found), phone=agency.support_phone(), status=status)  # fmt: skip
    return _discussion(found, answer or Answer(formdata=None))


def _discussion(found, form: Answer):
    it = found.discussion
    shown = threads.messages_of(it, notes=False, before=request.args.get("before", ""))
    refused = discussions.may_not_write(it)
    return page(
        "reply/discussion.html", it=it, seal=reply_links.seal(found), shown=shown, form=form,
        days=wording.days(shown.messages, it, lambda file: url_for("reply.file", file_id=file)), box=box.of(it),
        most=MESSAGE_LETTERS, whom=threads.with_whom(it), phone=agency.support_phone(),
        why_not=texts.refusal(spoken(), refused) if refused else "", is_newest=not request.args.get("before"),
        file_limits=attached.limits(),
    )  # fmt: skip


def _over(found, standing: str, proof: str):
    """What became of the link, and what to do; and to who just answered, what the portal answered by itself."""
    place = url_for("inbox.discussion", discussion_id=found.discussion.public_id)
    said = replying.said_by_itself(found) if reply_links.is_proved_of(found, proof) else None
    if standing == "portal" and not _typed():
        return redirect(place, 303)
    told = {
        "answered": (_("Your answer is sent"), _("Thank you. When we write again, you get an e-mail with a new link.")),
        "withdrawn": (_("This link was withdrawn"), _("The agency withdrew this link. You can ask for a new one.")),
        "replaced": (_("There is a newer link"), _("We sent you another e-mail after this one. Please use the link in the newest.")),
        "expired": (_("This link is too old"), _("For your safety the link worked for a limited time only. Ask for a new one.")),
        "portal": (_("Sign in to send this"), _("Your account is active now. Copy what you wrote, and sign in.")),
        "birth_date": (_("This link was closed"), _("A wrong date of birth was entered too often. Nobody got in, and we were told.")),
    }  # fmt: skip
    title, text = told.get(standing, (_("This link no longer works"), _("Please call us.")))
    return page(
        "reply/over.html", standing=standing, title=title, text=text, written=_typed(), lost=_lost(), said=said, place=place,
        seal=reply_links.seal(found), phone=agency.support_phone(), status=200 if standing == "answered" and not _typed() else 410,
    )  # fmt: skip
