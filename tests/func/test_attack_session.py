# SPDX-License-Identifier: MIT
"""Clients that pipeline, half-close, or do not read, in the order and at the moment that hurts."""
import socket
import time

import pytest

from harness import http
from harness.origin import filler
from harness.waiting import until

MIB = 1 << 20


def in_flight_is_over(a):
    """Nothing is counted as under way any more, and no count has gone below zero."""
    def quiet():
        left = {k: v for k, v in a.admin.metrics().items()
                if ("in_flight" in k[0] or "waiting" in k[0]) and v != 0}
        return not left
    until(quiet, "all counts of work under way to return to 0")


def test_pipelined_requests_before_a_half_close_are_all_answered(web):
    a, _ = web(1)
    for n in (3, 100):
        with a.connect() as c:
            c.send(b"".join(http.build(target=f"/?{i}") for i in range(n))).finish()
            answers = [c.read() for _ in range(n)]
            assert {r.status for r in answers} == {200}
            assert c.is_closed()
    in_flight_is_over(a)


def test_pipelined_requests_with_bodies_and_errors_between_keep_their_order(web):
    a, _ = web(1, more="", listener="")
    burst = []
    for i in range(40):
        burst.append((200, http.build("POST", "/echo", body=b"x" * i)))
        burst.append((200, http.build("POST", "/echo", body=http.chunked(b"y" * i, b"z"),
                                      headers=[("Transfer-Encoding", "chunked")])))
        burst.append((405, http.build("CONNECT", "example.org:443", host="example.org:443")))
        burst.append((200, http.build("HEAD", "/bytes/100")))
    with a.connect() as c:
        c.send(b"".join(b for _, b in burst))
        for want, raw in burst:
            method = raw.split(b" ")[0].decode()
            assert c.read(method).status == want
    in_flight_is_over(a)


def test_half_close_while_the_end_of_the_answer_is_queued_loses_nothing(web):
    a, _ = web(1)
    size = 24 * MIB
    with a.connect() as c:
        c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        c.send(http.build(target=f"/bytes/{size}"))
        head = c.socket.recv(10)
        c.finish()
        c._buffer = bytearray(head)
        got = 0
        r = c._head()
        assert b" 200 " in r
        while got < size:
            data = c._buffer or c.socket.recv(65536)
            c._buffer = bytearray()
            assert data, f"cut after {got} of {size}"
            got += len(data)
            if got > size - MIB:
                time.sleep(0.002)  # slow at the end: the last piece is queued, not sent
        assert got == size
    in_flight_is_over(a)


def test_a_client_that_pipelines_and_never_reads_is_stopped(web):
    a, _ = web(1)
    before = a.process.rss_bytes()
    with a.connect(timeout=2) as c:
        burst = http.build(target="/bytes/30000") * 200
        sent = 0
        try:
            while sent < 40 * MIB:
                sent += c.socket.send(burst)
        except TimeoutError:
            pass
        assert sent < 30 * MIB, "aorta read on although nobody took its answers"
        assert a.process.rss_bytes() - before < 48 * MIB
    in_flight_is_over(a)


def test_own_errors_that_nobody_reads_are_no_memory_leak(web):
    a, _ = web(1)
    before = a.process.rss_bytes()
    with a.connect(timeout=2) as c:
        burst = http.build("CONNECT", "example.org:443", host="example.org:443") * 500
        sent = 0
        try:
            while sent < 60 * MIB:
                sent += c.socket.send(burst)
        except TimeoutError:
            pass
        assert sent < 50 * MIB, "aorta read on although nobody took its answers"
        assert a.process.rss_bytes() - before < 48 * MIB


def test_pipelined_answers_come_whole_to_a_client_that_reads_late(web):
    a, _ = web(1, listener="keepalive_timeout 1s;")
    n, size = 60, 200_000
    with a.connect() as c:
        c.send(b"".join(http.build(target=f"/bytes/{size}") for _ in range(n)))
        time.sleep(1.5)  # longer than keepalive_timeout: waiting to be read is not idling
        for _ in range(n):
            assert c.read().body == filler(size)
    in_flight_is_over(a)


@pytest.mark.slow
def test_a_slow_reader_is_not_cut_while_it_reads(web):
    a, _ = web(1, pool="idle_timeout 1s;", listener="idle_timeout 1s;")
    size = 12 * MIB
    with a.connect() as c, socket.socket() as slow:
        # The kernel reports aorta's socket writable seldom, see stream_drains().
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        slow.connect(a.address)
        c.socket.close()
        c.socket = slow
        c.send(http.build(target=f"/bytes/{size}"))
        c._head()
        got = len(c._buffer)
        begun = time.monotonic()
        while got < 500_000:
            data = slow.recv(4096)
            assert data, "cut although it reads"
            got += len(data)
            time.sleep(max(0, begun + got / 100_000 - time.monotonic()))  # 100 kB/s
        while got < size:
            data = slow.recv(1 << 20)
            assert data, "cut although it reads"
            got += len(data)


@pytest.mark.slow
def test_a_reader_that_stops_is_cut(web):
    a, _ = web(1, pool="idle_timeout 500ms;", listener="idle_timeout 500ms;")
    with a.connect() as c:
        c.send(http.build(target="/bytes/50000000"))
        c._head()
        until(lambda: a.admin.metric("aorta_member_in_flight") == 0, "the exchange to be cut", 5)
