"""What a deployer puts before the portal: a door that speaks TLS and passes on what is said.

It adds no headers, so the browser of such a test brings ``X-Forwarded-Proto`` itself (``HEADERS``).
"""

import asyncio
import ssl
import threading
from typing import Self

import trustme

HEADERS = {"X-Forwarded-Proto": "https"}


class TlsFront:
    """Takes TLS on ``port`` and passes it to the portal on ``behind``, which may start later."""

    def __init__(self, behind: int) -> None:
        self.behind, self.port = behind, 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls-front", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("localhost").configure_cert(context)
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, here = await asyncio.open_connection("127.0.0.1", self.behind)
            await asyncio.gather(self._pump(reader, here), self._pump(there, writer))
        except (OSError, asyncio.CancelledError):
            writer.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while some := await source.read(65_536):
                sink.write(some)
                await sink.drain()
        finally:
            sink.close()
