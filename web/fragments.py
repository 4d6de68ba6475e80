"""Page or fragment: the only place that reads or writes htmx's headers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Response, current_app, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

_UNSHOWABLE = re.compile(
    r"[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef" + "".join(chr(n << 16 | end) for n in range(17) for end in (0xFFFE, 0xFFFF)) + "]"
)
_SHOWABLE = re.compile(r"[\t\n\f\r -~\xa0-\u33ff]*")  # most pages through and through, and twenty times as fast


def is_fragment() -> bool:
    """True when htmx asked for a part of a page; restored and boosted pages are whole."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") == "partial"


def page(template: str, block: str = "", *, status: int = 200, **context: Any) -> Response:
    """Answer with a template, or with its ``block`` when htmx asked for a part.

    A form among the context (``form``) that was refused makes the status 422.
    """
    form = context.get("form")
    if status == 200 and form is not None and form.is_refused:
        status = 422
    html = _block(template, block, context) if block and is_fragment() else render_template(template, **context)
    response: Response = make_response(showable(html), status)
    return response


def part(template: str, **context: Any) -> Response:
    """Answer htmx with a template that needs nothing of what stands around it: menu, news and look are not asked for."""
    html: str = current_app.jinja_env.get_template(template).render(**context)
    return make_response(showable(html), 200)


def showable(html: str) -> str:
    """The page without the characters that no HTML may hold, such as a refused NUL that its form shows again."""
    return html if _SHOWABLE.fullmatch(html) else _UNSHOWABLE.sub("", html)


def _block(template: str, block: str, context: dict[str, Any]) -> str:
    loaded = current_app.jinja_env.get_template(template)
    current_app.update_template_context(context)
    return "".join(loaded.blocks[block](loaded.new_context(context)))


def is_poll() -> bool:
    """True when the page asks by itself (``data-hx-headers='{"X-Poll": "1"}'``): nobody may be there to see the answer."""
    return request.headers.get("X-Poll") == "1"


def nothing() -> AnyResponse:
    """An answer that htmx puts nowhere."""
    return make_response("", 204)


def seen_page() -> str:
    """The path of the page that htmx asks from; empty for any other request."""
    return urlsplit(request.headers.get("HX-Current-URL", "")).path if request.headers.get("HX-Request") == "true" else ""


def go_to(path: str, *, come_back: bool = False, back_to: str = "") -> AnyResponse:
    """Send the browser to another page, out of a fragment too.

    ``come_back`` adds where it was going, which is ``back_to`` when that is said.
    """
    if request.headers.get("HX-Request") == "true":
        seen = back_to or seen_page()
        target = f"{path}?next={quote(seen)}" if come_back and seen else path
        return make_response("", 401 if come_back else 200, {"HX-Redirect": target})
    if back_to:
        path = f"{path}?next={quote(back_to)}"
    elif come_back and request.method == "GET" and request.path != "/":
        path = f"{path}?next={quote(request.full_path.rstrip('?'), safe='/')}"
    return redirect(path, 303)


def done(path: str) -> AnyResponse:
    """The answer to a form that did what it should: look at ``path`` next."""
    return redirect(path, 303)


def vary(response: AnyResponse) -> AnyResponse:
    """The same address answers differently to htmx."""
    response.vary.add("HX-Request")
    return response


def for_toast(response: AnyResponse) -> AnyResponse:
    """An error that htmx asked for goes to the toasts, not into the page."""
    response.headers["HX-Retarget"] = "#toasts"
    response.headers["HX-Reswap"] = "beforeend"
    return response
