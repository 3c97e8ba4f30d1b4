# SPDX-License-Identifier: MIT
"""
Answers that aorta makes itself: right status, the word in Aorta-Error, counted as its own, and
told apart from the same status made by a member.
"""
import pytest

from harness import http
from harness.http import Closed

# A pool that nobody judges: what a member does wrong is seen by clients alone.
UNJUDGED = """
workers 1;
listener www { bind @listen@; pool web; @listener@ }
pool web { member a @a@; readiness none; @pool@ }
"""

STATUSES = {
    "bad-request": 400, "no-route": 404, "method-not-allowed": 405, "request-timeout": 408,
    "body-too-large": 413, "expectation-failed": 417, "header-too-large": 431,
    "connect-failed": 502, "member-reset": 502, "bad-answer": 502, "no-member": 503,
    "not-judged": 503, "connect-timeout": 504, "answer-timeout": 504, "http-version": 505,
}


def assert_own(a, answer, word, count=1):
    """The answer is aorta's own error `word`, and was counted as such `count` times."""
    assert answer.status == STATUSES[word], answer
    assert answer.get("Aorta-Error") == word
    assert len(answer.raw) < 2000
    assert a.admin.metric("aorta_listener_own_errors_total", listener="www", reason=word) == count


@pytest.fixture
def one(aorta, origins):
    """one(pool=, listener=): an aorta before one unjudged origin, and the origin."""
    def start(pool="", listener=""):
        (o,) = origins(1)
        return aorta(UNJUDGED, a=o.addr, pool=pool, listener=listener), o
    return start


def ask(a, data, method="GET"):
    with a.connect() as c:
        return c.send(data).read(method)


def test_400_bad_request(one):
    a, o = one()
    with a.connect() as c:
        answer = c.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").read()
        assert c.is_closed()
    assert_own(a, answer, "bad-request")
    assert o.state()["accepted"] == 0


def test_404_no_route(aorta, origins):
    (o,) = origins(1)
    a = aorta("""listener www { bind @listen@; route host x.example pool web; }
                 pool web { member a @a@; readiness none; }""", a=o.addr)
    assert a.get("/", host="x.example").status == 200
    with a.connect() as c:
        assert_own(a, c.send(http.build()).read(), "no-route")
        # Nothing is wrong with the connection.
        assert c.send(http.build(host="x.example")).read().status == 200


def test_405_connect(one):
    a, _ = one()
    answer = ask(a, b"CONNECT x.example:443 HTTP/1.1\r\nHost: x.example:443\r\n\r\n")
    assert_own(a, answer, "method-not-allowed")


def test_408_head_does_not_arrive(one):
    a, o = one(listener="header_timeout 200ms;")
    with a.connect() as c:
        answer = c.send(b"GET / HTTP/1.1\r\nHos").read()
        assert c.is_closed()
    assert_own(a, answer, "request-timeout")
    assert o.state()["accepted"] == 0


def test_408_dripping_head_does_not_live_longer(one):
    a, _ = one(listener="header_timeout 300ms;")
    with a.connect(timeout=0.05) as c:
        answer = None
        for byte in http.build(headers=[("X-Slow", "y" * 200)]):
            try:
                c.send(bytes([byte]))
                answer = c.read()
                break
            except TimeoutError:
                pass
            except OSError:
                break
    assert answer is not None and answer.status == 408


def test_idle_connection_is_closed_without_an_answer(one):
    a, _ = one(listener="keepalive_timeout 200ms;")
    with a.connect() as c:
        assert c.send(http.build()).read().status == 200
        assert c.is_closed()


def test_413_by_length(one):
    a, o = one(listener="max_body 1k;")
    assert ask(a, http.build("POST", "/echo", body=b"x" * 1024), "POST").status == 200
    requests = o.requests()
    answer = ask(a, http.build("POST", "/echo", body=b"x" * 1025), "POST")
    assert_own(a, answer, "body-too-large")
    assert o.requests() == requests


def test_413_by_chunks(one):
    a, o = one(listener="max_body 1k;")
    data = http.build("POST", "/echo", [("Transfer-Encoding", "chunked")],
                      http.chunked(b"x" * 600, b"x" * 600))
    assert_own(a, ask(a, data, "POST"), "body-too-large")
    assert o.requests() == 0


def test_417_unknown_expectation(one):
    a, o = one()
    assert_own(a, ask(a, http.build(headers=[("Expect", "the-unexpected")])), "expectation-failed")
    assert o.requests() == 0


@pytest.mark.parametrize("headers", [[("X-Long", "x" * 3000)], [(f"X-{i}", "y") for i in range(400)]])
def test_431_head_too_large(one, headers):
    a, o = one(listener="max_header 2k;")
    assert_own(a, ask(a, http.build(headers=headers)), "header-too-large")
    assert o.state()["accepted"] == 0


def test_431_long_target(one):
    a, _ = one(listener="max_header 2k;")
    assert ask(a, http.build(target="/" + "x" * 5000)).status in (414, 431)


def test_505_version(one):
    a, _ = one()
    assert_own(a, ask(a, b"GET / HTTP/2.0\r\nHost: x\r\n\r\n"), "http-version")


def test_502_connect_refused(one):
    a, o = one()
    o.command("refuse")
    assert_own(a, a.get(), "connect-failed")


@pytest.mark.parametrize("word", ["reset", "close"])
def test_502_member_goes_without_an_answer(one, word):
    a, o = one(pool="retry off;")
    o.command(word, at="request")
    assert_own(a, a.get(), "member-reset")


@pytest.mark.parametrize("raw", [
    b"not HTTP\r\n\r\n", b"HTTP/1.1 2000 X\r\n\r\n", b"HTTP/1.1 abc X\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", b"HTTP/1.1 200 OK\r\n X: folded\r\n\r\n",
    b"HTTP/1.1 200 OK\nX: y\n\n", b"HTTP/1.1 200 OK\r\nX\x00: y\r\n\r\n", b"HTTP/3.0 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX" + b"y" * 300000 + b": z\r\n\r\n",
], ids=lambda raw: raw[:50].decode("latin-1").encode("unicode_escape").decode())
def test_502_bad_answer(one, raw):
    a, o = one(pool="retry off;")
    o.raw(raw)
    assert_own(a, a.get(), "bad-answer")
    o.normal()
    assert a.get().status == 200


def test_503_no_member(web):
    a, (o,) = web(1)
    o.command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    assert_own(a, a.get(), "no-member")


def test_503_nothing_judged_yet(aorta, origins):
    (o,) = origins(1)
    o.command("hang")
    a = aorta("""listener www { bind @listen@; pool web; }
                 pool web { member a @a@; first_check_wait 200ms;
                            readiness http { get /healthz; interval 30s; timeout 20s; } }""",
              ready=False, a=o.addr)
    assert_own(a, a.get(), "not-judged")


def test_first_verdict_lets_waiting_requests_go(aorta, origins):
    (o,) = origins(1)
    o.command("delay", ms=300, scope="health")
    a = aorta("""listener www { bind @listen@; pool web; }
                 pool web { member a @a@; first_check_wait 10s; readiness @fast_probe@ }""",
              ready=False, a=o.addr)
    assert a.get().status == 200


def test_504_connect_timeout(one):
    a, o = one(pool="connect_timeout 200ms; retry off;")
    o.command("freeze")
    assert_own(a, a.get(), "connect-timeout")


def test_504_answer_timeout(one):
    a, o = one(pool="response_timeout 200ms;")
    o.command("hang")
    assert_own(a, a.get(), "answer-timeout")
    assert o.requests() == 1  # what may be at work already is not sent again


@pytest.mark.parametrize("fault", [("close", {"at": "body"}), ("reset", {"at": "body"}),
                                   ("length", {"by": 10})])
def test_answer_cut_short_is_cut_for_the_client_too(one, fault):
    a, o = one()
    word, parameters = fault
    o.command(word, **parameters)
    with a.connect() as c:
        with pytest.raises(Closed):
            c.send(http.build(target="/bytes/100000")).read()


def test_chunked_answer_cut_short_has_no_last_chunk(one):
    a, o = one()
    o.command("close", at="body")
    with a.connect() as c:
        with pytest.raises(Closed):
            c.send(http.build(target="/chunked/100000")).read()


def test_member_that_stalls_within_its_body(one):
    a, o = one(pool="idle_timeout 200ms;")
    o.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", then="keep")
    with a.connect() as c:
        with pytest.raises(Closed):
            c.send(http.build()).read()


def test_extra_bytes_of_a_member_reach_no_other_client(one):
    a, o = one()
    o.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
          b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", then="keep", count=1)
    assert a.get().text == "ok"
    for _ in range(20):
        assert a.get().text.startswith("hello")


@pytest.mark.parametrize("status", [400, 404, 500, 502, 503, 504])
def test_a_members_own_errors_are_not_aortas(one, status):
    a, o = one()
    answer = a.get(f"/status/{status}")
    assert answer.status == status and answer.get("Aorta-Error") is None
    assert answer.get("X-Origin") == "a"
    assert not a.admin.metric("aorta_listener_own_errors_total", listener="www")


def test_connections_beyond_the_limit_are_refused_and_counted(aorta, origins):
    (o,) = origins(1)
    a = aorta("max_connections 5;" + UNJUDGED, a=o.addr, pool="", listener="")
    held = [a.connect() for _ in range(5)]
    for c in held:
        assert c.send(http.build()).read().status == 200
    try:
        with a.connect() as c:
            data = c.send(http.build()).rest()
    except OSError:
        data = b""
    assert data == b"" or b" 503 " in data.split(b"\r\n")[0]
    assert a.admin.metric("aorta_listener_refused_total", listener="www") == 1
    held[0].close()
    from harness.waiting import until

    def served():
        try:
            return a.get().status == 200
        except (OSError, Closed):
            return False
    until(served, "a place to be free again")
    for c in held:
        c.close()
