"""Each right × each route × each button: one right opens its own routes, and a page offers nothing that its reader may not do.

Vera is of the group without rights; her security class gives her one at a time.  ``test_access`` asks as the groups do.
"""

from collections import Counter
from urllib.parse import urlsplit

import pytest
from sweep.conftest import Saved
from sweep.scenes import Walker, forms_in
from sweep.test_access import ABOUT_EVERYBODY, ANSWERED, FIELDS, HOURS, MANAGED, RECIPES, Matrix, fill

import blueprints
from domain import store, viewer
from models import SecurityClass, Worker

pytestmark = pytest.mark.only_sqlite
ENDS_THE_SESSION = {"signing.leave", "signing.quick_exit"}
OF_OTHERS = {"import", "change job", "activation job"}  # who sees everybody opens these; test_access asks that


def gets_only(given):
    """Vera's class has these rights from now on; her next request is judged by them."""
    vera = Worker.get(Worker.external_id == "vera")
    with store.writing():
        SecurityClass.update(rights=" ".join(given)).where(SecurityClass.id == vera.security_class_id).execute()


def staff_routes(app):
    """Each rule of the staff side with its method, and the right that it takes."""
    staff = {bp.name for bp, audience in blueprints.tiles(development=True) if audience == "staff"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in staff:
            for method in sorted(rule.methods & {"GET", "POST"}):
                yield rule, method, app.view_functions[rule.endpoint].right


def ends(app, path, method):
    """The endpoint that answers at an address."""
    return app.url_map.bind(app.extensions["doorstep"].portal_host).match(urlsplit(path).path, method=method.upper())[0]


@pytest.mark.parametrize("given", [(), *((each,) for each in sorted(viewer.RIGHTS))], ids=lambda given: "".join(given) or "none")
def test_one_right_opens_its_own_routes_and_no_other(world, app, given):
    gets_only(given)
    vera = Walker(app, "vera")
    matrix, wrong, seen = Matrix(world, vera, "vera"), [], Counter()
    for rule, method, right in staff_routes(app):
        path = fill(rule.rule, matrix.arguments(RECIPES[rule.rule], "alice"))
        if right and right not in given:
            data = {"csrf_token": vera.token, **FIELDS.get(rule.endpoint, {})} if method == "POST" else None
            seen["closed"] += 1
            if (status := vera.ask(path, method, data, {"Origin": vera.root}).status) != 404:
                wrong.append(f"{method} {path}: {status}")
        elif rule.endpoint in MANAGED and "manage_schedule_of_others" not in given:
            continue  # the event is Dora's
        elif rule.endpoint in HOURS and "manage_workers" not in given:
            continue  # the hours are Wim's
        elif rule.endpoint in ANSWERED and "answer_requests" not in given:
            continue  # and hers to answer
        elif method == "GET" and rule.rule not in ABOUT_EVERYBODY and not OF_OTHERS & {*RECIPES[rule.rule]}:
            seen["open"] += 1
            if (status := vera.ask(path).status) not in (200, 303):
                wrong.append(f"{method} {path}: {status}, although {right or 'nothing'} is all it takes")
    assert not wrong, "\n".join(wrong)
    assert seen["closed"] > 40
    assert seen["open"] > 5


@pytest.mark.parametrize("given", [(), *((each,) for each in sorted(viewer.RIGHTS))], ids=lambda given: "".join(given) or "none")
def test_no_page_offers_a_link_or_a_button_that_its_reader_may_not_use(world, app, given):
    gets_only(given)
    vera = Walker(app, "vera")
    saved = Saved(world.templates)
    pages = vera.walk("/admin/")
    wrong = [f"a link to {path}: {page.status}" for path, page in pages.items() if page.status not in (200, 303)]
    buttons = {}
    for path, page in pages.items():
        for form in forms_in(page) if page.is_html else ():
            endpoint = ends(app, form.action, form.method)
            if (right := getattr(app.view_functions[endpoint], "right", "")) and right not in given:
                wrong.append(f"{path} offers {form.method} {form.action}, which takes {right}")
            elif form.method == "post" and endpoint not in ENDS_THE_SESSION:
                buttons.setdefault(endpoint, (path, form))
    for path, form in buttons.values():  # pressed as they are: most want something typed first
        saved.restore()
        answer = vera.ask(form.action, "POST", form.values, {"Origin": vera.root})
        if answer.status not in (200, 303, 422):
            wrong.append(f"{path}: the button to {form.action} answers {answer.status}")
    assert not wrong, "\n".join(wrong)
    assert len(buttons) > 3
