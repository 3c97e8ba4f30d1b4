# SPDX-License-Identifier: MIT
"""
A raw HTTP/1 client: sends the bytes it is given, reads one answer by the rules, and says exactly
what came. Strict: what it cannot read without doubt fails the test.
"""
import re
import socket

from .waiting import DEADLINE


class Response:
    """One answer. `headers` in order as (name, value); `raw` every byte of it, interim answers too."""

    def __init__(self):
        self.version = self.reason = ""
        self.status = 0
        self.headers = []
        self.body = b""
        self.raw = b""
        self.interim = []
        self.until_close = False

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def get(self, name):
        """The value of a header that may be there once at most; None without."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} {len(values)} times in {self.headers}"
        return values[0] if values else None

    @property
    def text(self):
        return self.body.decode()

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:80]!r}>"


class Closed(AssertionError):
    """The server closed (or reset) where bytes were due."""


class Connection:
    """One TCP connection to (host, port) or, with a path, to a Unix socket."""

    def __init__(self, address, timeout=DEADLINE):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()  # cutting its front is cheap

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    @property
    def local_port(self):
        return self.socket.getsockname()[1]

    def send(self, data):
        self.socket.sendall(data)
        return self

    def finish(self):
        """Half-closes: no more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def _more(self):
        """Reads some bytes; False at the end."""
        try:
            data = self.socket.recv(262144)
        except ConnectionResetError:
            return False
        self._buffer += data
        return bool(data)

    def _take(self, n):
        data = bytes(self._buffer[:n])
        del self._buffer[:n]
        return data

    def _head(self):
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                raise Closed(f"closed before the end of a head: {bytes(self._buffer[:300])!r}")
        return self._take(self._buffer.index(b"\r\n\r\n") + 4)

    def read_exactly(self, n):
        while len(self._buffer) < n:
            if not self._more():
                raise Closed(f"closed after {len(self._buffer)} of {n} bytes")
        return self._take(n)

    def _line(self):
        while b"\r\n" not in self._buffer:
            if not self._more():
                raise Closed("closed in the middle of a line")
        return self._take(self._buffer.index(b"\r\n") + 2)

    def rest(self):
        """Everything up to the server's close or reset."""
        while self._more():
            pass
        return self._take(len(self._buffer))

    def is_closed(self):
        """Waits for the server's end: True if nothing comes before it."""
        return self.rest() == b""

    def _chunked(self):
        raw, body = [], []
        while True:
            line = self._line()
            raw.append(line)
            assert re.fullmatch(rb"[0-9a-fA-F]+(;.*)?\r\n", line), f"not a chunk size: {line!r}"
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            data = self.read_exactly(size + 2)
            assert data.endswith(b"\r\n"), f"chunk not ended: {data[-10:]!r}"
            raw.append(data)
            body.append(data[:-2])
        while True:
            line = self._line()
            raw.append(line)
            if line == b"\r\n":
                return b"".join(raw), b"".join(body)

    @staticmethod
    def _parse_head(head, response):
        lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"(HTTP/1\.[01]) (\d{3}) ?(.*)", lines[0])
        assert match, f"not a status line: {lines[0]!r}"
        response.version, response.status, response.reason = match[1], int(match[2]), match[3]
        response.headers = []
        for line in lines[1:-2]:
            match = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", line)
            assert match, f"not a header line: {line!r}"
            response.headers.append((match[1], match[2]))

    def read(self, method="GET", interim=True):
        """One answer to a request with this method. 1xx ones before it go to .interim."""
        response = Response()
        while True:
            head = self._head()
            response.raw += head
            self._parse_head(head, response)
            if not 100 <= response.status < 200 or not interim:
                break
            response.interim.append((response.status, response.headers))
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        self._read_body(response)
        return response

    def _read_body(self, response):
        coding, length = response.get("Transfer-Encoding"), response.get("Content-Length")
        assert not (coding and length), f"two lengths: {response.headers}"
        if coding:
            assert coding == "chunked", coding
            raw, response.body = self._chunked()
            response.raw += raw
        elif length is not None:
            assert re.fullmatch(r"\d+", length), length
            response.body = self.read_exactly(int(length))
            response.raw += response.body
        else:
            response.until_close = True
            response.body = self.rest()
            response.raw += response.body


def build(method="GET", target="/", headers=(), body=None, version="HTTP/1.1", host="test.example"):
    """The bytes of a request. A body gets a Content-Length unless headers say how it is framed."""
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{n}: {v}" for n, v in headers]
    names = {n.lower() for n, _ in headers}
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def chunked(*pieces):
    """A chunked body of these pieces."""
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces if p) + b"0\r\n\r\n"


def request(address, method="GET", target="/", **how):
    """One request on a connection of its own."""
    with Connection(address) as c:
        return c.send(build(method, target, **how)).read(method)
