"""What a sign-in costs beside the hashing of its password: CPU of the thread that answers, for it and for Home."""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

from app import create_app
from bench.browsing import form_in
from bench.servers import HOST
from domain import store
from models import ACTIVE, PortalAccount

PEOPLE = 120


def main() -> None:
    """Print the median CPU of a sign-in from a device that is known, and of Home, in milliseconds."""
    app = create_app()
    sign_ins, homes = [], []
    with store.connection():
        active = PortalAccount.select(PortalAccount.email).where(PortalAccount.state == ACTIVE).limit(PEOPLE).tuples()
        for number, (email,) in enumerate(list(active)):
            visitor, home, here = app.test_client(), {"base_url": f"https://{HOST}"}, f"198.51.100.{number % 250}"
            for _ in range(2):  # the first time the device is new
                visitor.delete_cookie("__Host-session", domain=HOST)
                cost = _sign_in(visitor, email, {**home, "environ_overrides": {"REMOTE_ADDR": here}})
            sign_ins.append(cost)
            visitor.get("/", **home)
            homes.append(_cost(lambda who=visitor, home=home: who.get("/", **home), 200))  # type: ignore[misc]
    print(1000 * statistics.median(sign_ins), 1000 * statistics.median(homes))


def _sign_in(visitor: Any, email: str, request: dict[str, Any]) -> float:
    form = form_in(visitor.get("/sign-in", **request).get_data(as_text=True), "/sign-in")
    typed = {**form, "email": email, "password": os.environ["BENCH_PASSWORD"]}
    return _cost(lambda: visitor.post("/sign-in", data=typed, **request), 303)


def _cost(ask: Any, expected: int) -> float:
    """CPU seconds of this thread; passwords are hashed in one of their own."""
    began = time.thread_time()
    answer = ask()
    taken = time.thread_time() - began
    if answer.status_code != expected:
        raise RuntimeError(f"{answer.status_code}, not {expected}")
    return taken


if __name__ == "__main__":
    main()
