"""Pictures that are for whoever is signed in."""

from __future__ import annotations

from flask import Response, request


def private(content_type: str, body: bytes, mark: str) -> Response:
    """A picture that the reader's own browser may keep, and asks about before each use: is it still there, and for them?"""
    response = Response(body, mimetype=content_type)
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(mark)
    response.make_conditional(request)
    return response
