"""Deliveries: what went out, what did not, and why."""

from collections.abc import Callable

from flask import g, request, url_for

from blueprints.admin import bp, paging, people, wording
from domain import letters, notices
from domain.actor import Actor
from models import DELIVERY_STATES, Delivery, DeliveryAttempt
from web.access import any_staff, right
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell


@bp.get("/deliveries/")
@any_staff
def deliveries():
    state = request.args.get("state", "")
    state = state if state in DELIVERY_STATES else ""
    query = g.viewer.deliveries.where(Delivery.state == state) if state else g.viewer.deliveries
    rows, older = paging.newest(query, Delivery)
    return page("admin/deliveries.html", deliveries=rows, older=older, state=state, wording=wording, letters=letters,
                mask=notices.mask)  # fmt: skip


@bp.get("/deliveries/<public_id>/")
@any_staff
def delivery(public_id: str):
    row = g.viewer.delivery(public_id)
    tries = list(row.tries.order_by(DeliveryAttempt.id))
    return people.page_about(
        row.individual, "admin/delivery.html", delivery=row, tries=tries, wording=wording, letters=letters,
        doubtful=notices.is_doubtful(row.to_address), may_repeat=notices.may_send_again(row),
        may_release=notices.may_release(row),
    )  # fmt: skip


@bp.post("/deliveries/<public_id>/again")
@right("manage_accounts")
def delivery_again(public_id: str):
    row = g.viewer.delivery(public_id)
    with refusals_told():
        row = notices.send_again(row, g.viewer.actor)
        tell("good", _("It is on its way again."))
    return done(url_for("admin.delivery", public_id=row.public_id))


@bp.post("/deliveries/<public_id>/release")
@right("manage_accounts")
def delivery_release(public_id: str):
    return _decided(g.viewer.delivery(public_id), notices.release, _("It is on its way."))


@bp.post("/deliveries/<public_id>/cancellation")
@right("manage_accounts")
def delivery_cancel(public_id: str):
    return _decided(g.viewer.delivery(public_id), notices.cancel, _("It will not be sent."))


def _decided(row: Delivery, verb: Callable[[Delivery, Actor], None], said: str):
    with refusals_told():
        verb(row, g.viewer.actor)
        tell("good", said)
    return done(url_for("admin.delivery", public_id=row.public_id))
