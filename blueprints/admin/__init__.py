"""The staff side: one module per noun."""

from flask import Blueprint

from blueprints import paging as paging

bp = Blueprint("admin", __name__, url_prefix="/admin")

from blueprints.admin import (  # noqa: E402, F401
    absences,
    accounts,
    answering,
    booking,
    brand,
    changes,
    deliveries,
    discussion_files,
    discussions,
    document_builder,
    document_preview,
    document_templates,
    enrolments,
    events,
    first_start,
    groups,
    holidays,
    hours,
    imports,
    individuals,
    kinds_of_time,
    maintenance,
    message_texts,
    my_messages,
    my_second_step,
    my_sign_in,
    photos,
    portal_address,
    reach,
    reply_links,
    requests,
    schedule,
    security_classes,
    services,
    settings,
    setup,
    statistics,
    tasks,
    today,
    worker_categories,
    workers,
    writing,
)
