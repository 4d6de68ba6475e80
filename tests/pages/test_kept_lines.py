"""An answer without a body leaves the connection open: what asks again and again need not dial each time."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import pytest
from behind_waitress import served


def _answer(environ: dict[str, Any], start: Any) -> list[bytes]:
    status = {"/nothing": "204 No Content", "/same": "304 Not Modified", "/": "200 OK"}[environ["PATH_INFO"]]
    start(status, [("X-Was", environ["PATH_INFO"])] + ([("Content-Length", "4")] if status.startswith("200") else []))
    return [b"here"] if status.startswith("200") else []


@pytest.fixture
def port() -> Iterator[int]:
    with served(_answer, https=True) as number:
        yield number


def _ask(line: http.client.HTTPConnection, path: str, **headers: str) -> http.client.HTTPResponse:
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    return answer


def test_what_has_no_body_comes_over_the_same_line_again_and_again(port: int) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    line.connect()
    first = line.sock
    for path, status in (("/nothing", 204), ("/same", 304), ("/", 200), ("/nothing", 204), ("/", 200)):
        answer = _ask(line, path)
        assert (answer.status, answer.headers["X-Was"], answer.headers["Connection"]) == (status, path, None)
        assert answer.body == (b"here" if status == 200 else b"")  # type: ignore[attr-defined]
        assert line.sock is first
    line.close()


def test_who_wants_to_hang_up_is_hung_up_on(port: int) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    assert _ask(line, "/nothing", Connection="close").headers["Connection"] == "close"
    assert line.sock is None
