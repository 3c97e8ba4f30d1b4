# SPDX-License-Identifier: MIT
"""Members that lie, stall, refuse, and break off, byte by byte."""
import socket
import threading
import time

import pytest

from harness import http
from harness.ports import free_port
from harness.waiting import until

ONE = "listener www {{ bind @listen@; pool web; {listener} }} pool web {{ member m @m@; {pool} }}"


class Scripted:
    """A member in this process: gives each head to a function, sends what it returns.

    The function may return bytes, a list of bytes and seconds to wait, or None: close."""

    def __init__(self, answer, close=False):
        self.answer, self.close_after = answer, close
        self.heads = []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.addr = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for c in self.open:
            c.close()

    def _accept(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(c)
            threading.Thread(target=self._serve, args=(c,), daemon=True).start()

    def _serve(self, c):
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    more = c.recv(65536)
                    if not more:
                        return
                    data += more
                head, data = data.split(b"\r\n\r\n", 1)
                self.heads.append(head + b"\r\n\r\n")
                answer = self.answer(head)
                if answer is None:
                    return
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    if isinstance(piece, bytes):
                        c.sendall(piece)
                    else:
                        time.sleep(piece)
                if self.close_after:
                    return
        except OSError:
            pass
        finally:
            c.close()


def one(aorta, m, pool="", listener=""):
    return aorta(ONE.format(pool=pool, listener=listener), m=m.addr)


@pytest.mark.parametrize("size", [60_000, 70_000, 120_000, 130_000, 200_000])
def test_a_long_answer_head_is_forwarded_or_refused(aorta, size):
    lines = b"".join(b"X-%d: %s\r\n" % (i, b"v" * 2000) for i in range(size // 2010))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + lines
    # The first part comes alone, so that the rest is read behind it in one go.
    with Scripted(lambda _: [head[:60_000], 0.2, head[60_000:] + b"\r\nok"]) as m:
        a = one(aorta, m)
        for _ in range(2):
            r = a.get()
            assert r.status == (200 if len(head) + 2 <= 65_536 else 502), r.status


def test_malformed_chunks_behind_the_head_are_a_502(aorta):
    with Scripted(lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                  close=True) as m:
        a = one(aorta, m)
        r = a.get()
        assert (r.status, r.get("Aorta-Error")) == (502, "bad-answer")


def test_interim_answers_without_end_do_not_fill_the_memory(aorta):
    stop = threading.Event()

    def endless(_head):
        while not stop.is_set():
            yield b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000
    with Scripted(endless) as m:
        a = one(aorta, m, pool="response_timeout 4s;")
        before = a.process.rss_bytes()
        c = socket.create_connection(a.address)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.sendall(http.build())
        peak = 0
        end = time.monotonic() + 3
        while time.monotonic() < end:
            peak = max(peak, a.process.rss_bytes() - before)
            time.sleep(0.05)
        stop.set()
        c.close()
        assert peak < 32 << 20, f"{peak >> 20} MiB"


def killed_and_good(aorta, origins):
    """Two members that are UP, one of them killed: the next probe is far away."""
    dead, good = origins(2)
    a = aorta("listener www { bind @listen@; pool web; } pool web { member a @a@; member b @b@; "
              "readiness http { get /healthz; interval 60s; rise 1; } }",
              a=dead.addr, b=good.addr)
    a.admin.wait_serving("web", 2)
    dead.kill()
    return a


@pytest.mark.parametrize("method, chunked", [("POST", False), ("POST", True), ("PUT", False)])
def test_a_streamed_body_goes_elsewhere_when_a_member_refuses(aorta, origins, method, chunked):
    a = killed_and_good(aorta, origins)
    body = b"b" * 300_000
    headers = [("Transfer-Encoding", "chunked")] if chunked else []
    for _ in range(4):
        r = http.request(a.address, method, "/echo", headers=headers,
                         body=http.chunked(body) if chunked else body)
        assert r.status == 200, r
        assert r.body.endswith(body), r.body[:300]


def test_a_body_that_waits_for_100_continue_goes_elsewhere_too(aorta, origins):
    a = killed_and_good(aorta, origins)
    for _ in range(4):
        with a.connect(timeout=3) as c:
            c.send(http.build("POST", "/echo", headers=[("Content-Length", "5"),
                                                        ("Expect", "100-continue")]))
            assert c.read(interim=False).status == 100
            assert c.send(b"hello").read().body.endswith(b"\r\n\r\nhello")


def test_an_early_answer_is_given_whole_though_the_member_stops_reading(aorta):
    big = b"n" * 60_000

    def refuse(_head):
        yield b"HTTP/1.1 413 Too Large\r\nContent-Length: %d\r\n\r\n" % len(big)
        yield 0.3
        yield big
    with Scripted(refuse, close=True) as m:
        a = one(aorta, m)
        with a.connect() as c:
            c.send(http.build("POST", "/", headers=[("Content-Length", str(50 << 20))]))
            pump = threading.Thread(target=lambda: _push(c.socket, 50 << 20), daemon=True)
            pump.start()
            r = c.read()
            assert r.status == 413
            assert r.body == big


def _push(s, n):
    try:
        while n:
            n -= s.send(b"u" * min(n, 65536))
    except OSError:
        pass


def test_upload_that_makes_progress_is_not_idle_behind_an_early_answer(aorta):
    with Scripted(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst") as m:
        a = one(aorta, m, pool="idle_timeout 1s;", listener="idle_timeout 1s;")
        with a.connect() as c:
            c.send(http.build("POST", "/", headers=[("Content-Length", str(1 << 20))]))
            assert b"200" in c._head()
            end = time.monotonic() + 3
            while time.monotonic() < end:
                c.send(b"u" * 100)
                time.sleep(0.05)


def test_in_flight_work_stays_with_a_member_that_has_no_stand_in(web):
    """A GET under way is not thrown away because its only member went out of service."""
    a, (o,) = web(1)
    o.command("delay", ms=1500)
    with a.connect() as c:
        c.send(http.build())
        until(lambda: a.admin.metric("aorta_member_in_flight", member="a") == 1, "the request to be under way")
        a.admin.order("web", "a", "maint")
        assert c.read().status == 200


def test_tcp_bytes_are_counted_for_the_member(aorta):
    with Scripted(lambda _: b"x" * 5000, close=True) as m:
        a = aorta("listener t { bind @listen@; mode tcp; pool web; } pool web { member m @m@; }",
                  m=m.addr)
        with a.connect() as c:
            c.send(b"a" * 996 + b"\r\n\r\n").finish()
            assert len(c.rest()) == 5000
        until(lambda: a.admin.metric("aorta_member_received_bytes_total", member="m") == 5000,
              str([k for k in a.admin.metrics() if "bytes" in k[0]]))
        assert a.admin.metric("aorta_member_sent_bytes_total", member="m") == 1000
