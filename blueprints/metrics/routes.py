"""The portal's figures."""

from flask import Response

from blueprints.metrics import bp
from domain import figures
from web import exposition


@bp.get("/metrics")
def show():
    return Response(exposition.text(figures.now()), content_type=exposition.CONTENT_TYPE)
