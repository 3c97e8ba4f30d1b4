# SPDX-License-Identifier: MIT
"""
Load: many keep-alive connections driven by one thread, each with one request in flight, every
answer checked. What a client would call an error is kept with its time and reason.
"""
import selectors
import socket
import threading
import time

from . import http
from .waiting import until

_PER_CONNECTION_TIMEOUT = 10.0


class _Client:
    """One connection of the load, in the middle of one request."""

    def __init__(self):
        self.socket = None
        self.buffer = b""
        self.sent_at = 0.0
        self.served = 0


class Load:
    """Use as a context manager: runs from entry to exit. Read .done, .errors, .by_origin then."""

    def __init__(self, address, connections=50, target="/", headers=(), ok=(200,), think=0.0):
        self.address = address
        self.n = connections
        self.request = http.build("GET", target, headers)
        self.ok = set(ok)
        self.think = think
        self.done = 0
        self.errors = []  # (time.time(), what)
        self.by_origin = {}
        self.statuses = {}
        self.slowest = 0.0
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._stopping = threading.Event()
        self._due = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Lets the requests in flight end, closes all, and waits for the thread."""
        self._stopping.set()
        self._thread.join(30)
        assert not self._thread.is_alive(), "the load generator hangs"

    def wait_done(self, more, timeout=20):
        """Waits until `more` further answers have come."""
        goal = self.done + more
        until(lambda: self.done >= goal, f"{more} more answers under load", timeout)

    def assert_clean(self):
        assert not self.errors, f"{len(self.errors)} client errors, first: {self.errors[:5]}"

    # ---- the thread ----

    def _run(self):
        clients = [_Client() for _ in range(self.n)]
        try:
            for client in clients:
                self._connect(client)
            self._loop(clients)
        except Exception as e:  # a bug of the generator must not look like a clean run
            self.errors.append((time.time(), f"generator: {e!r}"))
            raise
        finally:
            for client in clients:
                if client.socket:
                    client.socket.close()
            self._selector.close()

    def _loop(self, clients):
        end = None
        while any(c.socket for c in clients) or self._due:
            for key, _ in self._selector.select(0.02):
                self._readable(key.data)
            now = time.monotonic()
            self._send_due(now)
            if self._stopping.is_set():
                end = end or now + 5
                if not any(c.sent_at for c in clients):
                    return
                if now > end:
                    self.errors.append((time.time(), "no answer before the end"))
                    return
            for client in clients:
                if client.sent_at and now - client.sent_at > _PER_CONNECTION_TIMEOUT:
                    self._fail(client, "timed out")

    def _connect(self, client):
        client.buffer = b""
        client.served = 0
        try:
            client.socket = socket.create_connection(self.address, 5)
        except OSError as e:
            client.socket = None
            self.errors.append((time.time(), f"connect: {e}"))
            return
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(client.socket, selectors.EVENT_READ, client)
        self._send(client)

    def _disconnect(self, client):
        self._selector.unregister(client.socket)
        client.socket.close()
        client.socket = None
        client.sent_at = 0.0

    def _fail(self, client, what):
        self.errors.append((time.time(), what))
        self._disconnect(client)
        if not self._stopping.is_set():
            self._connect(client)

    def _send(self, client):
        if self._stopping.is_set():
            return
        client.sent_at = time.monotonic()
        try:
            client.socket.sendall(self.request)
        except OSError as e:
            self._fail(client, f"send: {e}")

    def _send_due(self, now):
        ready = [c for at, c in self._due if at <= now]
        self._due = [(at, c) for at, c in self._due if at > now]
        for client in ready:
            if client.socket:
                self._send(client)

    def _readable(self, client):
        if client.socket is None:
            return
        try:
            data = client.socket.recv(65536)
        except OSError as e:
            self._fail(client, f"recv: {e}")
            return
        if not data:
            if not client.sent_at:  # between requests the server may close
                self._disconnect(client)
                self._connect(client)
                return
            self._fail(client, f"closed after {client.served} answers, {len(client.buffer)} bytes")
            return
        client.buffer += data
        self._take_answer(client)

    def _take_answer(self, client):
        head_end = client.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = client.buffer[:head_end].decode("latin-1").split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:])}
        total = head_end + 4 + int(headers.get("content-length", "0"))
        if len(client.buffer) < total:
            return
        client.buffer = client.buffer[total:]
        client.served += 1
        self._count(client, int(head[0].split(" ")[1]), headers)
        client.sent_at = 0.0
        if headers.get("connection", "").lower() == "close":
            self._disconnect(client)
            if not self._stopping.is_set():
                self._connect(client)
        elif self.think:
            self._due.append((time.monotonic() + self.think, client))
        else:
            self._send(client)

    def _count(self, client, status, headers):
        self.done += 1
        self.slowest = max(self.slowest, time.monotonic() - client.sent_at)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        name = headers.get("x-origin", "")
        self.by_origin[name] = self.by_origin.get(name, 0) + 1
        if status not in self.ok:
            self.errors.append((time.time(), f"{status} {headers.get('aorta-error', '')}"))
