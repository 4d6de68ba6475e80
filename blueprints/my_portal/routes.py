"""Sign-in details and change of password."""

from flask import g

from blueprints.my_portal import bp
from web import password_form
from web.fragments import page


@bp.get("/")
def show():
    return page("my_portal/show.html", account=g.viewer.account)


@bp.get("/password")
def password():
    return password_form.show("my_portal/password.html")


@bp.post("/password")
def change_password():
    return password_form.change("my_portal/password.html", "/my-portal/")
