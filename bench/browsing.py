"""A browser that the bench drives: it signs in, keeps cookies, and counts what a page costs."""

from __future__ import annotations

import gzip
import http.client
import re
import urllib.parse
from collections.abc import Mapping

from bench.servers import HOST

PASSWORD = "nine quiet otters swim"


class Browser:
    """One person's browser over one kept connection, as the proxy in front would pass its requests on."""

    def __init__(self, port: int) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookies: dict[str, str] = {}

    @property
    def cookie(self) -> str:
        """What the browser would send in Cookie."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def ask(self, path: str, form: Mapping[str, str] | None = None) -> tuple[int, Mapping[str, str], bytes]:
        """One request: the status, the headers, and the body as it came over the line."""
        headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7", "Accept-Encoding": "gzip"}
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

    def page(self, path: str) -> str:
        """A page as text.  Raises RuntimeError for anything but 200."""
        status, headers, body = self.ask(path)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {headers.get('location', '')}")
        return (gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body).decode()

    def sign_in(self, email: str) -> None:
        """Sign in through the form.  Raises RuntimeError when that fails."""
        html = self.page("/sign-in")
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html))
        status, headers, _ = self.ask("/sign-in", {**hidden, "email": email, "password": PASSWORD})
        if status != 303 or "sign-in" in headers["location"]:
            raise RuntimeError(f"{email} could not sign in: {status}")
