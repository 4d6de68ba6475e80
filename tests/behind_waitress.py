"""An application behind the server that it has in an agency, on a port of this machine."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import waitress
from waitress import wasyncore

from web.server import _channel


@contextlib.contextmanager
def served(app: Callable[..., Any], *, https: bool, **options: Any) -> Iterator[int]:
    """Its port."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=2, **options)
    server.channel_class = _channel(https=https)

    def run() -> None:
        with contextlib.suppress(OSError):  # it is closed while it waits
            server.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield int(server.effective_port)
    server.close()
    server.task_dispatcher.shutdown(timeout=5)
    thread.join(10)
    wasyncore.close_all(server._map)
