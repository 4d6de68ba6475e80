"""What each worker is written to of, and how long before their appointments they are reminded."""

from flask import g, url_for

from blueprints.admin import bp
from domain import notices, worker_messages
from domain.worker_messages import Minutes
from models import WAYS
from web.access import any_staff
from web.forms import Choice, Form, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import tell


class _Number(Text):
    """A whole number; ``number`` is -1 for what is none, which the rule refuses."""

    @property
    def number(self) -> int:
        typed = (self.data or "").strip()
        return int(typed) if typed.isdecimal() and len(typed) < 7 else -1


class MyMessagesForm(Form):
    """When for each kind that the agency sends; and the minutes, where it sends reminders."""

    message = Choice(_l(worker_messages.NAMES["message"]))
    event = Choice(_l(worker_messages.NAMES["event"]))
    alert = Choice(_l(worker_messages.NAMES["alert"]))
    confirmation = Choice(_l(worker_messages.NAMES["confirmation"]))
    no_show = Choice(_l(worker_messages.NAMES["no_show"]))
    reminder = Choice(_l(worker_messages.NAMES["reminder"]))
    minutes = _Number(_l("Minutes before each appointment"), [Required(_l("Fill this in."))])
    first_minutes = _Number(_l("Minutes before the first appointment of an enrolment"), [Required(_l("Fill this in."))])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offered = worker_messages.offered()
        for kind in worker_messages.KINDS:
            if kind in offered:
                self[kind].choices = [(way, _(worker_messages.WAY_NAMES[way])) for way in WAYS]
            else:
                delattr(self, kind)
        if "reminder" not in offered:
            del self.minutes, self.first_minutes

    def rules(self):
        if "minutes" in self:
            worker_messages.check_minutes(self.minutes.number, self.first_minutes.number)

    def ways(self) -> dict[str, str]:
        return {kind: self[kind].data for kind in worker_messages.KINDS if kind in self}

    def distances(self) -> Minutes:
        return Minutes(self.minutes.number, self.first_minutes.number) if "minutes" in self else worker_messages.minutes_of(g.viewer.worker)


@bp.get("/my-messages/")
@any_staff
def my_messages():
    worker = g.viewer.worker
    minutes = worker_messages.minutes_of(worker)
    now = {**worker_messages.ways_of(worker), "minutes": str(minutes.any), "first_minutes": str(minutes.first)}
    return _show(MyMessagesForm(formdata=None, data=now))


@bp.post("/my-messages/")
@any_staff
def choose_my_messages():
    form = MyMessagesForm()
    if form.validate():
        with form.refusals():
            worker_messages.choose(g.viewer.worker, form.ways(), form.distances(), g.viewer.actor)
            tell("good", _("Saved."))
            return done(url_for("admin.my_messages"))
    return _show(form)


def _show(form: MyMessagesForm):
    return page("admin/my_messages.html", form=form, kinds=worker_messages.offered(),
                is_doubtful=notices.is_doubtful(g.viewer.worker.email or ""))  # fmt: skip
