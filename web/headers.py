"""Security headers on every answer, static files and errors included (T15, P31)."""

from __future__ import annotations

from flask import Flask, g
from werkzeug.wrappers import Response

CSP = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "font-src 'self'", "manifest-src 'self'", "worker-src 'self'", "form-action 'self'", "base-uri 'none'",
        "object-src 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip

ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def install(app: Flask, *, https: bool) -> None:
    """Add the headers to whatever the application answers; pages are never stored unless a view says so."""

    every = list(headers(https=https).items())

    @app.after_request
    def add(response: Response) -> Response:
        held = response.headers
        present = {name.lower() for name, value in held}
        held.extend([each for each in every if each[0].lower() not in present])
        if "cache-control" not in present:
            held.add("Cache-Control", "no-store")
        is_ones_own = g.get("viewer") is not None and not ("cache-control" in present and response.cache_control.public)
        varies = ("HX-Request", "Cookie") if is_ones_own else ("HX-Request",)
        if "vary" in present:
            response.vary.update(varies)
        else:
            held.add("Vary", ", ".join(varies))
        return response


def headers(*, https: bool) -> dict[str, str]:
    """The headers of every answer; HSTS (two years) where the portal is reached by https."""
    return ALWAYS | ({"Strict-Transport-Security": "max-age=63072000; includeSubDomains"} if https else {})
