"""A browser that the bench drives: it signs in, keeps cookies, and counts what a page costs."""

from __future__ import annotations

import gzip
import http.client
import urllib.parse
from collections.abc import Mapping
from html.parser import HTMLParser

from bench.servers import HOST

PASSWORD = "nine quiet otters swim"


class Browser:
    """One person's browser over one kept connection, as the proxy in front would pass its requests on."""

    def __init__(self, port: int, network: str = "198.51.100.7") -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._network = network
        self._cookies: dict[str, str] = {}

    @property
    def cookie(self) -> str:
        """What the browser would send in Cookie."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def ask(
        self, path: str, form: Mapping[str, str] | None = None, more: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request, with ``more`` headers: the status, the headers, and the body as it came over the line."""
        headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": self._network, "Accept-Encoding": "gzip"}
        headers |= dict(more or {})
        if self._cookies:
            headers["Cookie"] = self.cookie
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{HOST}"}
        self._line.request("POST" if form is not None else "GET", path, body, headers)
        answer = self._line.getresponse()
        content = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self._cookies[key] = rest.partition(";")[0]
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def close(self) -> None:
        """Hang up; the next request dials again."""
        self._line.close()

    def page(self, path: str) -> str:
        """A page as text.  Raises RuntimeError for anything but 200."""
        status, headers, body = self.ask(path)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {headers.get('location', '')}")
        return (gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body).decode()

    def post(self, path: str, form: Mapping[str, str], expected: int = 303) -> None:
        """Send a form.  Raises RuntimeError unless it is answered as expected."""
        status, headers, _ = self.ask(path, form)
        if status != expected:
            raise RuntimeError(f"POST {path}: {status} {headers.get('location', '')}")

    def fill(self, path: str, action: str = "", **typed: str) -> None:
        """Open a page, fill in its form (the one that is sent to ``action``, else to the page itself) and send it."""
        self.post(action or path, form_in(self.page(path), action or path) | typed)

    def sign_in(self, email: str) -> None:
        """Sign in through the form.  Raises RuntimeError when that fails."""
        self.page(self.enter(self.sign_in_form(email)))  # as a browser does; the form token is in its cookie from then on

    def sign_in_form(self, email: str) -> dict[str, str]:
        """The form, filled in."""
        return form_in(self.page("/sign-in"), "/sign-in") | {"email": email, "password": PASSWORD}

    def enter(self, form: Mapping[str, str]) -> str:
        """Send the form; the address that it leads to.  Raises RuntimeError unless that lets its person in."""
        status, headers, _ = self.ask("/sign-in", form)
        if status != 303 or "sign-in" in headers["location"]:
            raise RuntimeError(f"{form['email']} could not sign in: {status}")
        return headers["location"]


def form_in(html: str, action: str) -> dict[str, str]:
    """What a browser would send of a page's form as it stands there.  Raises RuntimeError when there is no such form."""
    reader = _FormReader(action)
    reader.feed(html)
    if not reader.is_found:
        raise RuntimeError(f"there is no form to {action}")
    return reader.fields


class _FormReader(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self._action, self._is_inside, self.is_found = action, False, False
        self._select, self._text = "", ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        having = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = having.get("action", "").partition("?")[0] == self._action
            self.is_found = self.is_found or self._is_inside
        if not self._is_inside:
            return
        name = having.get("name", "")
        if tag == "input" and name and (having.get("type") not in ("checkbox", "radio", "submit", "file") or "checked" in having):
            self.fields[name] = having.get("value", "on" if having.get("type") == "checkbox" else "")
        elif tag == "option" and self._select and ("selected" in having or self._select not in self.fields):
            self.fields[self._select] = having.get("value", "")
        elif tag in ("select", "textarea"):
            self._select, self._text = (name, "") if tag == "select" else ("", name)

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = self._is_inside and tag != "form"
        self._select = "" if tag == "select" else self._select
        self._text = "" if tag == "textarea" else self._text

    def handle_data(self, data: str) -> None:
        if self._is_inside and self._text:
            self.fields[self._text] = self.fields.get(self._text, "") + data
