# SPDX-License-Identifier: MIT
"""HTTP/1.1 through aorta: what goes in comes out, framed right, in order, with the right headers."""
import json
import re
import threading

import pytest

from harness import http
from harness.origin import filler

HOP_BY_HOP = [("Connection", "keep-alive, X-Nominated"), ("Keep-Alive", "timeout=3"),
              ("Proxy-Connection", "keep-alive"), ("TE", "trailers"), ("X-Nominated", "secret"),
              ("X-Kept", "stays")]


def seen(a, target="/headers", **how):
    """The headers that the origin got, lower case, as a list of pairs."""
    answer = a.get(target, **how)
    assert answer.status == 200, answer
    return [(n.lower(), v) for n, v in json.loads(answer.body)["headers"]]


def values(headers, name):
    return [v for n, v in headers if n == name]


def test_get_reaches_the_member(web):
    a, (o,) = web(1)
    answer = a.get("/")
    assert answer.status == 200
    assert answer.text == f"hello from a on {o.addr}\n"
    assert answer.get("X-Origin") == "a"
    assert answer.get("Aorta-Error") is None


def test_head_has_the_headers_and_no_body(web):
    a, _ = web(1)
    with a.connect() as c:
        for _ in range(2):
            answer = c.send(http.build("HEAD", "/bytes/100")).read("HEAD")
            assert (answer.status, answer.get("Content-Length")) == (200, "100")
        assert c.send(http.build()).read().status == 200


@pytest.mark.parametrize("n", [0, 1, 63, 16384, 65536, 300001])
@pytest.mark.parametrize("kind", ["bytes", "chunked", "close"])
def test_answer_bodies_arrive_whole(web, kind, n):
    a, _ = web(1)
    with a.connect() as c:
        answer = c.send(http.build(target=f"/{kind}/{n}")).read()
        assert answer.body == filler(n)
        if not answer.until_close:  # the connection is good for another
            assert c.send(http.build()).read().status == 200


@pytest.mark.parametrize("n", [1, 1000, 65536, 300001])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_request_bodies_arrive_whole(web, framing, n):
    a, _ = web(1)
    body = filler(n)
    if framing == "length":
        data = http.build("POST", "/echo", body=body)
    else:
        pieces = [body[i:i + 4097] for i in range(0, n, 4097)]
        data = http.build("POST", "/echo", [("Transfer-Encoding", "chunked")],
                          http.chunked(*pieces))
    with a.connect() as c:
        for _ in range(2):
            answer = c.send(data).read("POST")
            head, _, echoed = answer.body.partition(b"\r\n\r\n")
            assert echoed == body
            framed = [line.lower() for line in head.split(b"\r\n")
                      if re.match(rb"(?i)content-length|transfer-encoding", line)]
            assert framed == [b"content-length: %d" % n if framing == "length" else
                              b"transfer-encoding: chunked"]


def test_request_in_single_bytes(web):
    a, _ = web(1)
    data = http.build("POST", "/echo", [("Transfer-Encoding", "chunked")], http.chunked(b"ab", b"c"))
    with a.connect() as c:
        for i in range(len(data)):
            c.send(data[i:i + 1])
        assert c.read("POST").body.endswith(b"\r\n\r\nabc")


def test_keep_alive_serves_many_on_one_connection(web):
    a, (o,) = web(1)
    before = o.state()["accepted"]
    with a.connect() as c:
        for _ in range(50):
            assert c.send(http.build()).read().status == 200
    # One connection carried them all (probes have their own).
    state = o.state()
    assert state["requests"] == 50
    assert state["accepted"] - before < 25


def test_pipelined_requests_are_answered_in_order(web):
    a, _ = web(2)
    targets = ["/status/201", "/slow?ms=100", "/status/202", "/bytes/70000", "/status/203"]
    with a.connect() as c:
        c.send(b"".join(http.build(target=t) for t in targets))
        answers = [c.read() for _ in targets]
    assert [x.status for x in answers] == [201, 200, 202, 200, 203]
    assert answers[3].body == filler(70000)


def test_pipelined_posts_keep_their_bodies_apart(web):
    a, _ = web(1)
    with a.connect() as c:
        c.send(b"".join(http.build("POST", "/echo", body=b"body %d" % i) for i in range(10)))
        for i in range(10):
            assert c.read("POST").body.endswith(b"\r\n\r\nbody %d" % i)


def test_leading_empty_line_is_skipped(web):
    a, _ = web(1)
    with a.connect() as c:
        assert c.send(b"\r\n" + http.build()).read().status == 200


def test_http_1_0_client(web):
    a, _ = web(1)
    with a.connect() as c:
        answer = c.send(http.build(target="/bytes/100", version="HTTP/1.0", host=None)).read()
        assert answer.status == 200 and answer.body == filler(100)
        assert c.is_closed()


def test_http_1_0_keep_alive(web):
    a, _ = web(1)
    keep = [("Connection", "keep-alive")]
    with a.connect() as c:
        for _ in range(3):
            answer = c.send(http.build(version="HTTP/1.0", headers=keep)).read()
            assert answer.status == 200
            assert answer.get("Connection").lower() == "keep-alive"


def test_http_1_0_client_never_gets_chunks(web):
    a, _ = web(1)
    with a.connect() as c:
        answer = c.send(http.build(target="/chunked/5000", version="HTTP/1.0")).read()
        assert answer.get("Transfer-Encoding") is None and answer.body == filler(5000)


def test_connection_close_is_honoured(web):
    a, _ = web(1)
    with a.connect() as c:
        answer = c.send(http.build(headers=[("Connection", "close")])).read()
        assert answer.get("Connection").lower() == "close"
        assert c.is_closed()


def test_half_closed_client_gets_its_answer(web):
    a, _ = web(1)
    with a.connect() as c:
        assert c.send(http.build(target="/slow?ms=100")).finish().read().status == 200


def test_interim_answers_are_passed_on(web):
    a, _ = web(1)
    answer = a.get("/hints")
    assert [s for s, _ in answer.interim] == [103]
    assert answer.status == 200


def test_http_1_0_client_gets_no_interim_answers(web):
    a, _ = web(1)
    assert a.get("/hints", version="HTTP/1.0").interim == []


def test_expect_continue_with_curl(web, run, tmp_path):
    a, _ = web(1)
    path = tmp_path / "upload"
    path.write_bytes(filler(100000))
    trace = run("curl", "-sv", "-H", "Expect: 100-continue", "-T", str(path), "-o",
                str(tmp_path / "out"), "--stderr", "-", f"{a.url}/echo")
    assert "HTTP/1.1 100 Continue" in trace and "HTTP/1.1 200 OK" in trace
    assert (tmp_path / "out").read_bytes().endswith(filler(100000))


def test_expect_continue_waits_for_the_word(web):
    a, _ = web(1)
    with a.connect() as c:
        c.send(http.build("POST", "/echo", [("Expect", "100-continue"), ("Content-Length", "4")]))
        assert c.read(interim=False).status == 100
        assert c.send(b"data").read("POST").body.endswith(b"data")


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_body(web, status):
    a, _ = web(1)
    with a.connect() as c:
        for _ in range(2):
            answer = c.send(http.build(target=f"/status/{status}")).read()
            assert answer.status == status
            assert answer.get("Transfer-Encoding") is None
        assert c.send(http.build()).read().text.startswith("hello")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"])
def test_methods_are_passed_on(web, method):
    a, _ = web(1)
    answer = http.request(a.address, method, "/headers")
    assert answer.status == 200 and json.loads(answer.body)["method"] == method


def test_target_is_passed_on_as_it_came(web):
    a, (o,) = web(1)
    for target in ("/headers?a=b&c=%20d", "/headers?x=//y/../z", "/headers?"):
        assert json.loads(a.get(target).body)["target"] == target
    assert json.loads(a.get("http://test.example/headers?q").body)["target"] == "/headers?q"


def test_hop_by_hop_headers_of_requests_are_removed(web):
    a, _ = web(1)
    headers = seen(a, headers=HOP_BY_HOP)
    names = [n for n, _ in headers]
    for name in ("keep-alive", "proxy-connection", "te", "x-nominated"):
        assert name not in names
    assert "X-Nominated" not in ",".join(values(headers, "connection"))
    assert values(headers, "x-kept") == ["stays"]


def test_hop_by_hop_headers_of_answers_are_removed(web):
    a, _ = web(1)
    answer = a.get("/hop")
    for name in ("Keep-Alive", "Proxy-Connection", "X-Nominated"):
        assert answer.get(name) is None
    assert answer.get("X-Kept") == "for the client"


def test_forwarded_headers(web):
    a, _ = web(1)
    headers = seen(a)
    assert values(headers, "x-forwarded-for") == ["127.0.0.1"]
    assert values(headers, "x-forwarded-proto") == ["http"]
    assert values(headers, "x-forwarded-host") == ["test.example"]
    assert values(headers, "host") == ["test.example"]
    assert re.fullmatch(r"1\.1 \S+", values(headers, "via")[0])


def test_forwarded_for_and_via_are_appended_to(web):
    a, _ = web(1)
    headers = seen(a, headers=[("X-Forwarded-For", "192.0.2.1"), ("Via", "1.1 front")])
    chain = ", ".join(values(headers, "x-forwarded-for"))
    assert chain == "192.0.2.1, 127.0.0.1"
    assert re.fullmatch(r"1\.1 front, 1\.1 \S+", ", ".join(values(headers, "via")))


def test_answers_carry_via(web):
    a, _ = web(1)
    assert re.fullmatch(r"1\.1 \S+", a.get("/").get("Via"))


def test_routes_by_host_path_and_pattern(aorta, origins):
    a_, b, c, d = origins(4)
    a = aorta("""
        listener www { bind @listen@;
            route host b.example pool b;
            route path /c/* pool c;
            route path ~ "^/status/(2|3)01$" pool d;
            pool a; }
        pool a { member a @a@; } pool b { member b @b@; }
        pool c { member c @c@; } pool d { member d @d@; }
        """, a=a_.addr, b=b.addr, c=c.addr, d=d.addr)
    for pool in "abcd":
        a.admin.wait_serving(pool, 1)

    def who(target="/", host="test.example"):
        return a.get(target, host=host).get("X-Origin")
    assert who() == "a"
    assert who(host="b.example") == who(host="B.Example:8080") == "b"
    assert who("/c/x") == who("/c/") == "c"
    assert who("/c") == who("/cx") == "a"
    assert who("/status/201") == who("/status/301?q=1") == "d"
    assert who("/status/2011") == "a"


def test_a_slow_client_does_not_hold_up_others(web):
    a, _ = web(1, more="workers 1;")
    with a.connect() as slow:
        slow.send(http.build(target="/bytes/50000000"))  # and reads nothing
        for _ in range(20):
            assert a.get("/").status == 200


@pytest.mark.heavy
@pytest.mark.parametrize("direction", ["download", "upload", "chunked-download"])
def test_large_bodies_stream_at_constant_memory(web, sanitizer, direction):
    if sanitizer:
        pytest.skip("memory figures mean nothing under a sanitizer")
    n = 200_000_000
    a, (o,) = web(1)
    a.get("/bytes/1000000")
    before = a.process.rss_bytes()
    peak = [before]
    done = threading.Event()

    def watch():
        while not done.wait(0.02):
            peak[0] = max(peak[0], a.process.rss_bytes())
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with a.connect(timeout=60) as c:
            if direction == "upload":
                block = filler(1_000_000)
                c.send(http.build("POST", "/", [("Content-Length", str(n))]))
                for _ in range(n // len(block)):
                    c.send(block)
                assert c.read("POST").status == 200
                assert o.state()["body_bytes"] == n
            else:
                kind = "chunked" if direction.startswith("chunked") else "bytes"
                assert len(c.send(http.build(target=f"/{kind}/{n}")).read().body) == n
    finally:
        done.set()
        watcher.join()
    assert peak[0] - before < 16_000_000, f"grew by {peak[0] - before} bytes"


def test_download_to_a_stalled_client_holds_memory_flat(web, sanitizer):
    if sanitizer:
        pytest.skip("memory figures mean nothing under a sanitizer")
    a, (o,) = web(1)
    before = a.process.rss_bytes()
    with a.connect() as c:
        c.send(http.build(target="/bytes/500000000"))
        from harness.waiting import until
        sent = []

        def stalled():
            sent.append(o.state()["bytes_out"])
            return len(sent) > 20 and sent[-1] == sent[-20]
        until(stalled, "the member to be held back", every=0.02)
        assert sent[-1] < 100_000_000
        assert a.process.rss_bytes() - before < 16_000_000
