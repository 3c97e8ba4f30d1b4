# SPDX-License-Identifier: MIT
"""What is tried again, where, and what must never be sent twice."""
import signal
import socket
import struct

import pytest

from harness import http
from harness.waiting import until

TWO = """
workers 1;
listener www { bind @listen@; pool web; }
pool web { member a @a@; member b @b@; readiness none; @pool@ }
"""
ONE = """
workers 1;
listener www { bind @listen@; pool web; }
pool web { member a @a@; readiness none; @pool@ }
"""


@pytest.fixture
def pair(aorta, origins):
    def start(pool=""):
        a, b = origins(2)
        return aorta(TWO, a=a.addr, b=b.addr, pool=pool), a, b
    return start


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refused_connect_goes_to_another_member(pair, method):
    """Nothing was sent: safe whatever the method."""
    aorta, a, b = pair()
    a.command("refuse")
    body = b"precious" if method == "POST" else None
    for _ in range(6):
        answer = http.request(aorta.address, method, "/", body=body)
        assert (answer.status, answer.get("X-Origin")) == (200, "b")
    assert b.requests() == 6
    assert aorta.admin.metric("aorta_pool_retries_total", pool="web") >= 1


@pytest.mark.parametrize("word", ["reset", "close"])
def test_get_reset_without_an_answer_goes_to_another_member(pair, word):
    aorta, a, b = pair()
    a.command(word, at="request")
    assert [aorta.get().get("X-Origin") for _ in range(6)] == ["b"] * 6
    assert a.requests() >= 1


@pytest.mark.parametrize("word", ["reset", "close"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_post_is_not_sent_again_after_it_was_sent(pair, method, word):
    aorta, a, b = pair()
    a.command(word, at="request")
    b.command(word, at="request")
    for i in range(1, 5):
        answer = http.request(aorta.address, method, "/", body=b"precious")
        assert (answer.status, answer.get("Aorta-Error")) == (502, "member-reset")
        assert a.requests() + b.requests() == i


def test_large_post_to_a_member_that_refuses_goes_to_another(pair):
    """Nothing was sent, so nothing can be sent twice: the body is still the client's to give."""
    aorta, a, b = pair()
    a.command("refuse")
    for i in (1, 2):  # one of them is the refusing member's turn
        answer = http.request(aorta.address, "POST", "/", body=b"x" * 3_000_000)
        assert answer.status == 200 and answer.get("X-Origin") == "b"
        assert b.state()["body_bytes"] == i * 3_000_000


def test_nothing_is_tried_again_once_the_answer_began(pair):
    aorta, a, b = pair()
    for o in (a, b):
        o.command("close", at="body")
    with aorta.connect() as c:
        with pytest.raises(http.Closed):
            c.send(http.build(target="/bytes/100000")).read()
    assert a.requests() + b.requests() == 1


def test_statuses_are_tried_again_when_configured(pair):
    aorta, a, b = pair("retry { on connect reset 503; }")
    a.command("status", code=503)
    assert [aorta.get().status for _ in range(6)] == [200] * 6
    assert a.requests() >= 1 and b.requests() == 6


def test_post_answered_503_is_passed_on(pair):
    aorta, a, b = pair("retry { on connect reset 503; }")
    a.command("status", code=503)
    b.command("status", code=503)
    answer = http.request(aorta.address, "POST", "/", body=b"precious")
    assert answer.status == 503 and answer.get("Aorta-Error") is None
    assert a.requests() + b.requests() == 1


def test_last_answer_is_passed_on_when_tries_run_out(pair):
    aorta, a, b = pair("retry { on 503; tries 1; }")
    for o in (a, b):
        o.command("status", code=503)
    answer = aorta.get()
    assert answer.status == 503 and answer.get("Aorta-Error") is None
    assert (a.requests(), b.requests()) == (1, 1)


def test_tries_are_limited(pair):
    aorta, a, b = pair("retry { tries 1; }")
    for o in (a, b):
        o.command("reset", at="request")
    assert aorta.get().get("Aorta-Error") == "member-reset"
    assert a.requests() + b.requests() == 2


def test_retry_off(pair):
    aorta, a, b = pair("retry off;")
    a.command("reset", at="request")
    statuses = [aorta.get().status for _ in range(6)]
    assert sorted(set(statuses)) == [200, 502]
    assert a.requests() + b.requests() == 6


@pytest.mark.parametrize("how", ["fin", "reset"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_kept_connection_that_was_just_closed(aorta, origins, how, method):
    """
    The member closes a kept connection while the next request is already on its way: aorta meets
    both at once, since it is stopped meanwhile. The client must not notice, even when
    nothing is configured to be tried again.
    """
    (o,) = origins(1)
    a = aorta(ONE, a=o.addr, pool="retry off;")
    body = b"again" if method == "PUT" else None
    for _ in range(10):
        with a.connect() as c:
            assert c.send(http.build()).read().status == 200
            a.process.signal(signal.SIGSTOP)
            try:
                assert "dropped 1" in o.command("drop", how=how).text
                c.send(http.build(method, "/", body=body))
            finally:
                a.process.signal(signal.SIGCONT)
            assert c.read(method).status == 200


def test_member_that_closes_after_each_answer(aorta, origins):
    (o,) = origins(1)
    a = aorta(ONE, a=o.addr, pool="")
    o.command("close", at="idle")
    with a.connect() as c:
        for _ in range(200):
            assert c.send(http.build()).read().status == 200
    assert o.requests() == 200


def test_client_that_leaves_takes_its_request_with_it(aorta, origins):
    (o,) = origins(1)
    a = aorta(ONE, a=o.addr, pool="")
    o.command("hang")
    with a.connect() as c:
        c.send(http.build())
        until(lambda: o.requests() == 1, "the request to arrive")
        # A reset: an orderly end could be a client that only has no more to say.
        c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: o.state()["aborted"] == 1, "the member's connection to be closed")
