"""More than a form may bring, sent over a real line: a page in the reader's words, whatever the browser does meanwhile."""

import contextlib
import http.client

import pytest
from behind_waitress import served

from tests.pages.conftest import File
from web import oversize, posts

SENTENCE = "Your files are too large together, so nothing was sent."
MOST = 300_000


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(posts, "MOST_FILES", MOST)


@pytest.fixture
def port(app, small):
    """The portal behind the server that it has in an agency."""
    app.config["MAX_CONTENT_LENGTH"] = MOST // 2  # of all other forms
    with served(app, https=False, max_request_body_size=MOST + 1) as number:
        yield number


@pytest.fixture
def line(port):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as opened:
        yield opened


def send(line, length, path="/inbox/new", **headers):
    """Send a form of so many bytes to its end, and read the answer only then, as a browser does."""
    line.putrequest("POST", path, skip_host=True)
    every = {"Host": "localhost:8000", "Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(length),
             "Sec-Fetch-Site": "same-origin", **headers}  # fmt: skip
    for name, value in every.items():
        line.putheader(name, value)
    line.endheaders()
    for _ in range(length // 10_000):
        line.send(b"x" * 10_000)
    answer = line.getresponse()
    return answer.status, answer.read().decode()


@pytest.mark.usefixtures("cast")
def test_it_says_so_on_a_page_of_the_house(browse, line):
    alice = browse("alice")
    alice.open("/inbox/new")
    cookie = "; ".join(f"{each.key}={each.value}" for each in alice.client._cookies.values())
    status, html = send(line, 5_000_000, Cookie=cookie, Referer="http://localhost:8000/inbox/new")
    assert (status, SENTENCE in html) == (413, True)
    assert 'href="/inbox/new"' in html
    assert "fewer or smaller files" in html
    line.request("GET", "/sign-in", headers={"Host": "localhost:8000", "Cookie": cookie})
    assert b"too large" not in line.getresponse().read()  # all of it was thrown away, none is taken for the next request


@pytest.mark.usefixtures("cast")
def test_it_is_in_the_language_of_a_stranger_too(line):
    status, html = send(line, 5_000_000, "/sign-in", **{"Accept-Language": "fr"})
    assert (status, 'lang="fr"' in html) == (413, True)


@pytest.mark.usefixtures("cast")
def test_from_somewhere_on_the_line_is_cut(line, monkeypatch):
    monkeypatch.setattr(oversize, "MOST_READ", 1_000_000)
    with pytest.raises((OSError, http.client.HTTPException)):
        send(line, 50_000_000)


@pytest.mark.usefixtures("cast")
def test_just_as_much_as_may_be_is_read(browse, small):
    alice = browse("alice")
    alice.open("/inbox/new")
    page = alice.press("Send", {"subject": "Mine", "body": "Words", "files": File("x.pdf", b"x" * (MOST + 1))})
    assert (page.status, page.heading, SENTENCE in page) == (413, "That is too large", True)
