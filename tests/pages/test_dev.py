"""What is there in development only."""

import pytest
from jinja2 import nodes

# Every component that the look has: its macro in ui.html, and how it is known on the page (tag and classes).
COMPONENTS = {
    "page header": ("page_header", "header.page-header"),
    "tile": ("tile", "a.tile"),
    "today card": ("today", "ul.today"),
    "list row": ("row", "a.row"),
    "timeline with day headings": ("timeline", "div.timeline"),
    "card with key-value pairs": ("pairs_card", "dl.pairs"),
    "field": ("field", "div.field"),
    "date in three boxes": ("date_boxes", "div.date-boxes"),
    "choice list": ("choices", "div.choices"),
    "button": ("button", "button.button.primary"),
    "quiet button": ("action", "button.button.quiet"),
    "danger button": ("action", "button.button.danger"),
    "callout for information": ("callout", "div.callout.info"),
    "callout for what went well": ("callout", "div.callout.good"),
    "callout for a warning": ("callout", "div.callout.warn"),
    "callout for what went wrong": ("callout", "div.callout.bad"),
    "error summary": ("error_summary", "div.error-summary"),
    "empty state": ("empty", "div.empty"),
    "message bubble": ("bubble", "div.bubble"),
    "step line": ("steps", "label.steps"),
    "amount": ("amount", "bdi.amount"),
    "badge": ("badge", "span.badge"),
    "pager": ("pager", "nav.pager"),
    "table that becomes cards": ("table", "table"),
    "progress": ("progress", "progress"),
    "bars": ("bars", "table.bars"),
    "toast": ("toast", "p.toast"),
    "confirm page": ("confirm", "div.confirm"),
}
# What stands on every page anyhow, or is a part of another component.
NOT_ALONE = {
    "opened_on", "drawing", "button", "pairs", "card", "quick_exit", "idle_notice", "given_back", "language_switch", "nav", "foot_links",
    "foot_address", "agency_fields", "sign_out", "page_head",
}  # fmt: skip


@pytest.fixture
def source(app):
    """Reads the tree of a template."""

    def read(name):
        return app.jinja_env.parse(app.jinja_env.loader.get_source(app.jinja_env, name)[0])

    return read


def said(tree):
    """The macros of ``ui`` that a template calls."""
    calls = (call.node for call in tree.find_all(nodes.Call))
    return {made.attr for made in calls if isinstance(made, nodes.Getattr) and getattr(made.node, "name", "") == "ui"}


def in_the_middle(page):
    """Each element of the page's middle, as its tag and its classes."""
    main = next(page.tree.iter("main"))
    return [{element.tag, *element.get("class", "").split()} for element in main.iter()]


def test_every_component_of_the_look_is_shown_on_one_valid_page(browse, house, source):
    page = browse().open("/dev/components")
    assert page.status == 200
    elements, called = in_the_middle(page), said(source("dev/components.html")) | {"button"}  # that of every form
    shown = {
        name for name, (macro, mark) in COMPONENTS.items()
        if macro in called and any(set(mark.split(".")) <= element for element in elements)
    }  # fmt: skip
    assert shown == set(COMPONENTS)


def test_a_macro_that_pages_use_is_shown_there_too(source):
    every = {macro.name for macro in source("ui.html").find_all(nodes.Macro) if not macro.name.startswith("_")}
    assert every - said(source("dev/components.html")) - NOT_ALONE == set()
    assert every >= NOT_ALONE


def test_a_portal_for_the_public_has_none_of_it(production, browse):
    assert production.test_client().get("/dev/components", base_url="https://portal.example.org").status_code == 404
