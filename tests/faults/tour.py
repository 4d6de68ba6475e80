"""Somebody who walks through a running portal over the network and keeps everything that leaves it but the pages' texts."""

import base64
import contextlib
import dataclasses
import http.client
import re
import zlib
from urllib.parse import urlencode, urlsplit

from faults.nursery import PATIENCE
from pages.conftest import Browser, Page, sent
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}
NEVER = ("/sign-out", "/quick-exit", "/reply/quick-exit")


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came over the wire, as Flask's own client would give it."""

    status_code: int
    headers: Headers
    data: bytes

    @property
    def mimetype(self):
        return self.headers.get("Content-Type", "").partition(";")[0]


class Leaks:
    """What strangers could see of the walks: addresses, headers, titles, pages of errors; and every secret that was given."""

    def __init__(self):
        self.asked, self.addresses, self.headers, self.titles, self.errors, self.cookies = [], [], [], [], [], []
        self.without_policy, self.statuses = [], set()

    def note(self, page, method):
        self.statuses.add(page.status)
        self.headers += [f"{name}: {value}" for name, value in page.headers.items() if name != "Set-Cookie"]
        self.cookies += [value.partition(";")[0].partition("=")[2] for value in page.headers.getlist("Set-Cookie")]
        if page.headers.get("Referrer-Policy") != "same-origin":
            self.without_policy.append(page.path)
        if page.is_html and page.status != 303:
            self.addresses += re.findall(r'\b(?:href|src|action|data-hx-\w+)="((?!tel:|mailto:)[^"]*)"', page.html)
            self.titles += re.findall(r"<title>(.*?)</title>", page.html, re.DOTALL)
        if page.status >= 400 and page.status != 422:
            self.errors.append(page.html.replace(page.path, ""))  # the language switch says where one is

    @property
    def cookie_words(self):
        """What whoever looks into a browser reads in its cookies, which are signed but not sealed."""
        for value in self.cookies:
            yield value
            body = value.removeprefix(".").partition(".")[0]
            with contextlib.suppress(ValueError, zlib.error):
                plain = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
                yield (zlib.decompress(plain) if value.startswith(".") else plain).decode(errors="replace")


class Tourist(Browser):
    """A browser without JavaScript in front of a portal that stands behind a proxy."""

    def __init__(self, port, root, leaks):
        self.port, self.root, self.leaks = port, root, leaks
        self.jar, self.page, self.answer, self.visited, self.lints = {}, None, None, [], False
        self.network = f"198.51.100.{next(self._networks) % 250 + 1}"
        self.here = ""

    def ask(self, path, method="GET", data=None, headers=None):
        body, kind = self._encoded(data)
        given = {
            "Host": urlsplit(self.root).netloc, "X-Forwarded-For": self.network, "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": urlsplit(self.root).netloc, "User-Agent": "a tourist", "Cookie": self._cookies(path), **kind,
        }  # fmt: skip
        if self.here:
            given["Referer"] = self.here
        page = self.send_raw(method, path, body, given | (headers or {}))
        if page.is_html and page.status == 200 and method == "GET":
            self.here = f"{self.root}{path}"
        return page

    def send_raw(self, method, path, body, headers):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(line):
            line.request(method, path, body, headers)
            got = line.getresponse()
            answer = Answer(got.status, Headers(got.getheaders()), got.read())
        for cookie in answer.headers.getlist("Set-Cookie"):
            self._keep(cookie)
        page = Page(answer, path)
        self.leaks.note(page, method)
        if page.location:
            self.leaks.addresses.append(page.location)
        return page

    def submit(self, form, values):
        if form.method == "get":
            self.leaks.asked.append(f"{form.action}?{urlencode(values)}")
        return super().submit(form, values)

    def send(self, path, values, headers=None):
        return self.ask(path, "POST", values, {"Origin": self.root, "Sec-Fetch-Site": "same-origin", **(headers or {})})

    def _encoded(self, data):
        if data is None:
            return None, {}
        built = EnvironBuilder(method="POST", data=sent(data))
        with contextlib.closing(built):
            environ = built.get_environ()
            return environ["wsgi.input"].read(), {"Content-Type": environ["CONTENT_TYPE"]}

    def _keep(self, cookie):
        name, _, rest = cookie.partition("=")
        value, _, attributes = rest.partition(";")
        where = re.search(r"Path=([^;]+)", attributes)
        if "Max-Age=0" in attributes or not value:
            self.jar.pop(name, None)
        else:
            self.jar[name] = (value, where[1] if where else "/")

    def _cookies(self, path):
        return "; ".join(f"{name}={value}" for name, (value, where) in self.jar.items() if path.startswith(where))

    def walk_everywhere(self, most=120):
        """Open whatever links lead to, each as a page and as a part of one."""
        seen, ahead = set(), ["/"]
        while ahead and len(seen) < most:
            path = ahead.pop(0)
            if path in seen or path.startswith(NEVER):
                continue
            seen.add(path)
            page = self.ask(path)
            self.ask(path, headers={**FRAGMENT, "HX-Current-URL": f"{self.root}{path}"})
            if page.status // 100 == 3:
                ahead.append(page.location.partition("#")[0])
            elif page.is_html:
                ahead += [href.partition("#")[0] for href in page.hrefs if href.startswith("/")]
        return seen
