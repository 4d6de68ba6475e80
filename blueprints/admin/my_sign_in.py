"""A worker's own sign-in: change of password."""

from blueprints.admin import bp
from web import password_form
from web.access import any_staff


@bp.get("/my-sign-in/")
@any_staff
def my_sign_in():
    return password_form.show("admin/my_sign_in.html")


@bp.post("/my-sign-in/")
@any_staff
def change_my_password():
    return password_form.change("admin/my_sign_in.html", "/admin/my-sign-in/")
