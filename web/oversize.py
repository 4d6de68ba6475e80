"""What is too large for any form is read to its end and thrown away, so that whoever sent it gets a page and no broken line.

A browser that is still sending does not look at an answer; and only the application knows its reader's language.
"""

from __future__ import annotations

from typing import Any

from waitress.parser import HTTPRequestParser
from waitress.utilities import RequestEntityTooLarge

MOST_READ = 256 * 1024 * 1024  # of what is thrown away; from there on the line is cut


class Reader(HTTPRequestParser):  # type: ignore[misc]
    """Waitress's own, but a body over the limit goes nowhere: the application sees its length, and refuses it (``web.posts``)."""

    error: Any = None
    _left = 0

    def received(self, data: bytes) -> int:
        """Take what came; how much of it belongs to this request."""
        if self._left:
            taken = min(len(data), self._left)
            self._left -= taken
            self.completed = not self._left
            return taken
        taken = int(super().received(data))
        if isinstance(self.error, RequestEntityTooLarge) and not self.chunked and self.content_length <= MOST_READ:
            self.error, self.completed, self._left = None, False, self.content_length
        return taken
