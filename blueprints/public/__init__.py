"""What anybody may see: the agency's pages, the installable shell, and whether the portal is well."""

from flask import Blueprint

bp = Blueprint("public", __name__)

from blueprints.public import routes  # noqa: E402, F401
