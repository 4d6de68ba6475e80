"""A whole portal in a process of its own, and somebody who uses it over the network."""

import contextlib
import html
import http.client
import itertools
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import urlencode

from faults.nursery import KEY, PATIENCE, ROOT, SENDER

# The portal without its background work, for tests in which nobody but the one who asks may write.
ONLY_WEB = """
from app import create_app, keep_open, read_configuration
from models import db
from web import server
config = read_configuration(PORT=0)
app = create_app(config)
keep_open(db.obj)
server.serve(app, config, None, announce="Doorstep is at http://localhost:{port}\\nStop with Ctrl-C")
"""
AS_ALWAYS = ["app.py", "--port", "0"]


class Portal:
    """``app.py`` as script/run starts it, on a data folder; leaving the block ends it the hard way if it still runs.

    ``name`` is that of its log, for one of several on a folder; more names go into its environment.
    """

    def __init__(self, data, sink, program=AS_ALWAYS, under=(), name="", **more):
        self.data, self._log = data, data.parent / f"{name or data.name}.log"
        ours = {"SECRET_KEY": KEY, "AUDIT_KEY": KEY, "MAIL_FROM": SENDER,
                "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port if sink else 9), "SMTP_SECURITY": "none"}  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*under, sys.executable, *program], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True,
                env=environment(data, **ours | more),
            )  # fmt: skip
        self.port = 0
        self._nothing = threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    @property
    def pid(self):
        return self._process.pid

    def listens(self):
        """Wait until it says where."""
        found = re.search(r"Doorstep is at (?:http://localhost:(\d+)|https://)", self.announced())
        assert found, self.log
        self.port = int(found[1] or 0)
        return self

    def works(self):
        """Wait until it says that it does background work, and nothing else."""
        assert "background work here" in self.announced(), self.log
        return self

    def announced(self):
        """What it says before it works, or until it ends."""
        watchdog = threading.Timer(PATIENCE, self._process.kill)
        watchdog.start()
        said = "".join(itertools.takewhile(lambda line: "Stop with" not in line, self._process.stdout))
        watchdog.cancel()
        return said

    def says(self, words, seconds=PATIENCE):
        """Wait until its log says so; False when it does not in time."""
        until = time.monotonic() + seconds
        while words not in self.log:
            if time.monotonic() > until:
                return False
            self._nothing.wait(0.05)
        return True

    def stop(self):
        """Tell it as systemd does, and wait; the code with which it ended."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def ends(self):
        """Wait until it ends by itself; the code with which it did."""
        return self._process.wait(PATIENCE)

    def kill(self):
        """End it this instant."""
        self._process.kill()
        self._process.wait(PATIENCE)

    @property
    def log(self):
        return self._log.read_text()


def command(data, *words, **more):
    """``flask --app app …`` on a data folder: its exit code and what it said."""
    done = subprocess.run([sys.executable, "-m", "flask", "--app", "app", *words], cwd=ROOT, env=environment(data, **more),
                          capture_output=True, text=True, timeout=PATIENCE)  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def environment(data, **more):
    """What a process sees: nothing of what somebody set for a portal of their own."""
    decided = ("PORT", "SMTP", "MAIL_FROM", "DATABASE", "LISTEN", "SECRET", "AUDIT", "TRUSTED", "FLASK", "DOORSTEP", "METRICS")
    return {name: text for name, text in os.environ.items() if not name.startswith(decided)} | {"DOORSTEP_DATA": str(data), **more}


def hidden(page, name):
    """The value of a hidden field, of the page's own form rather than of those that stand on every page.

    Where a form has many buttons, the one-time id is that of the button which leads to the form's own address.
    """
    buttons = re.findall(rf'<button class="[^"]*" type="submit" name="{name}" value="([^"]*)"', page)
    return html.unescape((buttons or re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)"', page))[-1])


def encoded(fields, file):
    """What a browser sends of a form, and of what kind that is."""
    if file is None:
        return urlencode(fields) if fields else None, "application/x-www-form-urlencoded"
    edge, (name, content) = secrets.token_hex(16), file
    parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode() for key, value in fields.items()]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n'
    return b"".join([*parts, head.encode(), content, f"\r\n--{edge}--\r\n".encode()]), f"multipart/form-data; boundary={edge}"


class Visitor:
    """A browser that keeps its cookies, and can be moved to another portal with them."""

    def __init__(self, port=0):
        self.cookies, self.port, self.token = {}, port, ""

    def ask(self, method, path, fields=None, file=None):
        """Also with one file (its name and its bytes)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        here = f"http://localhost:{self.port}"
        body, kind = encoded(fields, file)
        headers = {"Host": f"localhost:{self.port}", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
                   "Origin": here, "Content-Type": kind}  # fmt: skip
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0]
            return answer.status, "" if answer.status == 303 else answer.read().decode()  # browsers go on at once

    def sign_in(self, email, password):
        _, text = self.ask("GET", "/sign-in")
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
        return self.ask("POST", "/sign-in", hidden | {"email": email, "password": password})[0]

    def post(self, path, **fields):
        """Send a form as its page would, once more and with a one-time id of its own."""
        if not self.token:
            self.token = re.search(r'name="csrf_token" value="([^"]+)"|X-CSRFToken":"([^"]+)"', self.ask("GET", "/pages/help")[1])[0]
            self.token = self.token.rpartition('="')[2].rpartition(':"')[2].strip('"')
        return self.ask("POST", path, {"csrf_token": self.token, "form_id": secrets.token_urlsafe(16), **fields})
