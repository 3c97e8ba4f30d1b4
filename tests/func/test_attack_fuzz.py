# SPDX-License-Identifier: MIT
"""
Random and mutated bytes on the live port and from a member that lies, pipelined, torn into pieces
and broken off. Whatever comes: aorta lives, sanitizers are quiet, all counts return to 0, and it
serves as before. The seed is printed; AORTA_FUZZ_SEED repeats it, AORTA_FUZZ_SECONDS lasts longer.
"""
import os
import random
import select
import socket
import struct
import threading
import time

import pytest

from harness import http
from harness.waiting import until

SEED = int(os.environ.get("AORTA_FUZZ_SEED", "0")) or random.randrange(1 << 31)
SECONDS = float(os.environ.get("AORTA_FUZZ_SECONDS", "4"))

REQUESTS = [
    http.build(), http.build("HEAD", "/x"), http.build(version="HTTP/1.0", host=None),
    http.build("POST", "/e", body=b"x" * 50), http.build("PUT", "/e", body=b"y" * 40_000),
    http.build("POST", "/e", headers=[("Transfer-Encoding", "chunked")],
               body=http.chunked(b"abc", b"d" * 3000, b"e")),
    http.build("POST", "/e", headers=[("Expect", "100-continue"), ("Content-Length", "3")]) + b"abc",
    http.build("OPTIONS", "*"), http.build(target="http://other.example/p?q", host="other.example"),
    http.build("CONNECT", "h:1", host="h:1"), b"\r\n" + http.build(),
    http.build(headers=[("Connection", "close, x-a"), ("X-A", "1"), ("TE", "trailers")]),
    http.build("DELETE", "/" + "a" * 3000, headers=[("X-" + str(i), "v" * 90) for i in range(60)]),
]
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nT: r\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nuntil close", b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 E\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 500 E\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbad",
    b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"z" * 300_000,
    b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"w" * 700) for i in range(110))
    + b"Content-Length: 1\r\n\r\nq",
]
TOKENS = [b"\r\n", b"\r\n\r\n", b"\0", b"\n", b"\r", b":", b" ", b"chunked", b"0\r\n\r\n", b"-1",
          b"18446744073709551616", b"ffffffffffffffff\r\n", b"Content-Length: 7\r\n",
          b"Transfer-Encoding: chunked\r\n", b"Host: x\r\n", b"HTTP/1.1", b"HTTP/1.0", b"\xff\xfe"]


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 5])):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at:at] = rng.choice(TOKENS)
        elif kind == 2:
            del data[at:at + rng.choice([1, 2, 10, 1000])]
        elif kind == 3:
            data[at:at] = rng.randbytes(rng.choice([1, 8, 300]))
        else:
            data = data[:at]
    return bytes(data)


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def send_torn(rng, s, data):
    """In pieces of any size, with the other side's bytes read or not read in between."""
    at = 0
    while at < len(data):
        n = rng.choice([1, 7, 100, 5000, len(data)])
        s.sendall(data[at:at + n])
        at += n
        if rng.random() < 0.05:
            time.sleep(0.001)


class LyingMember:
    """Reads something, answers anything, breaks off somehow."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.stopping = False
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(512)
        self.addr = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while not self.stopping:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, daemon=True,
                             args=(s, random.Random(self.rng.random()))).start()

    def _serve(self, s, rng):
        s.settimeout(2)
        try:
            for _ in range(rng.choice([0, 1, 3, 50])):
                if rng.random() < 0.9 and not s.recv(rng.choice([1, 1000, 100_000])):
                    break
                answer = rng.choice(ANSWERS)
                send_torn(rng, s, answer if rng.random() < 0.6 else mutate(rng, answer))
            if rng.random() < 0.5:
                reset(s)
        except OSError:
            pass
        finally:
            s.close()

    def stop(self):
        self.stopping = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def client(a, rng, end):
    while time.monotonic() < end:
        burst = b"".join(rng.choice(REQUESTS) for _ in range(rng.choice([1, 1, 2, 10, 60])))
        if rng.random() < 0.5:
            burst = mutate(rng, burst)
        try:
            with socket.create_connection(a, 3) as s:
                s.settimeout(1)
                send_torn(rng, s, burst)
                if rng.random() < 0.3:
                    s.shutdown(socket.SHUT_WR)
                if rng.random() < 0.7:
                    limit = time.monotonic() + rng.choice([0.01, 0.3])
                    while time.monotonic() < limit:
                        if select.select([s], [], [], 0.05)[0] and not s.recv(100_000):
                            break
                if rng.random() < 0.3:
                    reset(s)
        except OSError:
            pass


@pytest.mark.parametrize("mode", ["http", "tcp"])
def test_noise_on_both_sides(aorta, mode):
    print("seed", SEED)
    rng = random.Random(SEED)
    liars = [LyingMember(rng.random()) for _ in range(3)]
    a = aorta("listener www { bind @listen@; mode @mode@; pool web; @http@ } "
              "pool web { @members@ response_timeout 300ms; idle_timeout 500ms; connect_timeout 1s; "
              "retry { on connect reset 500; tries 3; } passive { connect_errors 3 recheck; } "
              "readiness tcp { interval 100ms; timeout 100ms; rise 1; fall 1; } } "
              'log { access "@access_log@"; }',
              mode=mode, members=" ".join(f"member m{i} {m.addr};" for i, m in enumerate(liars)),
              http="header_timeout 1s; keepalive_timeout 500ms; idle_timeout 500ms;"
              if mode == "http" else "")
    end = time.monotonic() + SECONDS
    threads = [threading.Thread(target=client, args=(a.address, random.Random(rng.random()), end))
               for _ in range(8)]
    for t in threads:
        t.start()
    flip = 0
    while time.monotonic() < end:
        time.sleep(0.2)
        flip += 1
        a.admin.order("web", "m0", ["maint", "ready", "drain", "ready"][flip % 4])
        if flip % 5 == 0:
            a.reload()
    for t in threads:
        t.join()
    assert a.process.code is None, a.process.output()[-3000:]

    def quiet():
        return not {k: v for k, v in a.admin.metrics().items()
                    if v != 0 and k[0] in ("aorta_member_in_flight", "aorta_pool_waiting",
                                           "aorta_listener_connections")}
    until(quiet, f"all counts to return to 0 (seed {SEED})")
    a.admin.order("web", "m0", "ready")
    for m in liars:
        m.stop()
