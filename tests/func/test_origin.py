# SPDX-License-Identifier: MIT
"""aorta-origin itself: what it serves, and that each command does what it says."""
import json
import socket
import subprocess
import time

import pytest

from harness import http
from harness.http import Closed
from harness.load import Load
from harness.origin import filler
from harness.process import BUILD


@pytest.fixture
def origin(origins):
    return origins(1)[0]


def get(origin, target="/", **how):
    return http.request(origin.address, "GET", target, **how)


def test_root_names_the_origin(origin):
    answer = get(origin)
    assert answer.status == 200
    assert answer.text == f"hello from a on {origin.addr}\n"
    assert answer.get("X-Origin") == "a"


def test_pipelined_requests_are_answered_in_order(origin):
    with http.Connection(origin.address) as c:
        targets = ["/", "/status/201", "/", "/bytes/10", "/healthz"]
        c.send(b"".join(http.build(target=t) for t in targets))
        assert [c.read().status for _ in targets] == [200, 201, 200, 200, 200]


def test_requests_in_single_bytes_are_understood(origin):
    with http.Connection(origin.address) as c:
        data = http.build("POST", "/echo", [("Transfer-Encoding", "chunked")],
                          http.chunked(b"abc", b"defgh"))
        for i in range(len(data)):
            c.send(data[i:i + 1])
        assert c.read().body.endswith(b"\r\n\r\nabcdefgh")


@pytest.mark.parametrize("framing", ["Content-Length", "chunked"])
def test_echo_returns_head_and_body(origin, framing):
    if framing == "chunked":
        sent = http.build("POST", "/echo", [("Transfer-Encoding", "chunked")],
                          http.chunked(b"x" * 70000, b"yz"))
    else:
        sent = http.build("POST", "/echo", body=b"x" * 70000 + b"yz")
    head = sent[:sent.index(b"\r\n\r\n") + 4]
    with http.Connection(origin.address) as c:
        assert c.send(sent).read("POST").body == head + b"x" * 70000 + b"yz"


@pytest.mark.parametrize("n", [0, 1, 64, 65, 16384, 16385, 1000000])
@pytest.mark.parametrize("kind", ["bytes", "chunked", "close"])
def test_bodies_are_the_filler(origin, kind, n):
    answer = get(origin, f"/{kind}/{n}")
    assert answer.body == filler(n)
    assert answer.until_close == (kind == "close")


def test_slow_takes_its_time(origin):
    start = time.monotonic()
    assert get(origin, "/slow?ms=150").status == 200
    assert 0.15 <= time.monotonic() - start < 5


@pytest.mark.parametrize("status", [200, 204, 304, 404, 418, 503, 599])
def test_status(origin, status):
    assert get(origin, f"/status/{status}").status == status


def test_hints_come_first(origin):
    answer = get(origin, "/hints")
    assert [s for s, _ in answer.interim] == [103] and answer.status == 200


def test_head_has_no_body(origin):
    with http.Connection(origin.address) as c:
        c.send(http.build("HEAD", "/bytes/100") + http.build())
        assert c.read("HEAD").get("Content-Length") == "100"
        assert c.read().status == 200


def test_http_1_0_closes_unless_asked(origin):
    with http.Connection(origin.address) as c:
        answer = c.send(http.build(version="HTTP/1.0")).read()
        assert answer.get("Connection") == "close" and c.is_closed()
    with http.Connection(origin.address) as c:
        for _ in range(2):
            c.send(http.build(version="HTTP/1.0", headers=[("Connection", "keep-alive")]))
            assert c.read().get("Connection") == "keep-alive"


def test_expect_continue(origin):
    with http.Connection(origin.address) as c:
        c.send(http.build("POST", "/echo", [("Content-Length", "3"), ("Expect", "100-continue")]))
        assert c.read(interim=False).status == 100
        assert c.send(b"abc").read("POST").body.endswith(b"abc")


def test_counts_and_scope_of_faults(origin):
    origin.command("status", code=503, count=2)
    assert [get(origin).status for _ in range(4)] == [503, 503, 200, 200]
    origin.command("status", code=503, scope="traffic")
    assert (get(origin).status, get(origin, "/healthz").status) == (503, 200)
    origin.normal()
    origin.command("status", code=500, scope="health")
    assert (get(origin).status, get(origin, "/healthz").status) == (200, 500)
    origin.normal()
    assert get(origin, "/healthz").status == 200


def test_delay_hang_and_trickle(origin):
    origin.command("delay", ms=120, count=1)
    start = time.monotonic()
    assert get(origin).status == 200 and time.monotonic() - start >= 0.12
    origin.command("hang", count=1)
    with http.Connection(origin.address, timeout=0.3) as c:
        with pytest.raises(TimeoutError):
            c.send(http.build()).read()
    origin.command("trickle", rate=1000, count=1)
    start = time.monotonic()
    assert get(origin, "/bytes/200").body == filler(200)
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize("at,bytes_seen", [("request", 0), ("head", 30), ("body", 500)])
@pytest.mark.parametrize("word", ["reset", "close"])
def test_reset_and_close_where_told(origin, word, at, bytes_seen):
    origin.command(word, at=at, count=1)
    with socket.create_connection(origin.address, 5) as s:
        s.sendall(http.build(target="/bytes/1000"))
        data, end = b"", None
        while end is None:
            try:
                piece = s.recv(65536)
                data += piece
                end = None if piece else "close"
            except ConnectionResetError:
                end = "reset"
    assert end == word
    assert bytes_seen <= len(data) < 1000
    assert (b"\r\n\r\n" in data) == (at == "body")


def test_close_idle_lies_about_keep_alive(origin):
    origin.command("close", at="idle", count=1)
    with http.Connection(origin.address) as c:
        assert c.send(http.build()).read().get("Connection") is None
        assert c.is_closed()


def test_wrong_lengths_and_extra_bytes(origin):
    origin.command("length", by=5, count=1)
    with pytest.raises(Closed):
        get(origin)
    origin.command("length", by=-5, count=1)
    with http.Connection(origin.address) as c:
        body = c.send(http.build()).read().body
        assert len(body) == len(get(origin).body) - 5
    origin.command("extra", bytes=7, count=1)
    with http.Connection(origin.address) as c:
        assert c.send(http.build()).read().status == 200
        assert c.read_exactly(7) == filler(7)


def test_garbage_and_raw(origin):
    origin.command("garbage", count=1)
    with pytest.raises(AssertionError):
        get(origin)
    origin.raw(b"HTTP/1.1 299 Odd\r\nContent-Length: 2\r\n\r\nok", count=1)
    assert get(origin).status == 299
    assert get(origin).status == 200


def test_refuse_and_come_back(origin):
    with http.Connection(origin.address) as c:
        assert c.send(http.build()).read().status == 200
        origin.command("refuse")
        assert c.is_closed()
    with pytest.raises(ConnectionRefusedError):
        get(origin)
    origin.normal()
    assert get(origin).status == 200


def test_freeze_makes_connects_time_out(origin):
    origin.command("freeze")
    with pytest.raises(TimeoutError):
        socket.create_connection(origin.address, 0.3)
    origin.normal()
    assert get(origin).status == 200


@pytest.mark.parametrize("how", ["fin", "reset"])
def test_drop_closes_idle_connections(origin, how):
    with http.Connection(origin.address) as c:
        assert c.send(http.build()).read().status == 200
        assert "dropped 1" in origin.command("drop", how=how).text
        assert c.is_closed()


def test_in_band_commands(origin):
    with http.Connection(origin.address) as c:
        assert c.send(http.build(target="/_origin/status?code=500&count=1")).read().status == 200
        assert c.send(http.build()).read().status == 500
        state = json.loads(c.send(http.build(target="/_origin/state")).read().body)
    assert state["requests"] == 1 and state["control_requests"] == 2 and state["open"] == 1


def test_state_counts_what_arrived(origin):
    sent = http.build("POST", "/", body=b"12345")
    http.request(origin.address, "POST", "/", body=b"12345")
    get(origin, "/healthz")
    state = origin.state()
    assert (state["requests"], state["health_requests"], state["accepted"]) == (1, 1, 2)
    assert state["body_bytes"] == 5
    assert state["bytes_in"] == len(sent) + len(http.build(target="/healthz"))
    assert state["last_head"].encode() == sent[:-5]


@pytest.mark.parametrize("query", ["status", "status?code=99", "delay?ms=x", "reset?at=idle",
                                   "close?at=nowhere", "hang?count=0", "hang?scope=some",
                                   "trickle?rate=0", "raw", "raw?then=maybe"])
def test_bad_commands_are_refused_and_change_nothing(origin, query):
    assert get(origin, f"/_origin/{query}").status == 400
    assert origin.state()["faults"] == []
    assert get(origin).status == 200


def test_unreadable_requests(origin):
    with http.Connection(origin.address) as c:
        assert c.send(b"nonsense\r\n\r\n").read().status == 400
        assert c.is_closed()
    assert origin.state()["bad_requests"] == 1


def test_many_connections(origin):
    with Load(origin.address, connections=100) as load:
        load.wait_done(2000)
    load.assert_clean()
    assert load.by_origin == {"a": load.done}


@pytest.mark.parametrize("arguments,message", [
    ([], "expected --listen"), (["--listen", "x"], "expected ADDRESS:PORT"),
    (["--listen", "127.0.0.1:99999"], "expected ADDRESS:PORT"), (["--name", "x"], "--listen before"),
    (["--listen", "127.0.0.1:1", "--name", "a b"], "letters"), (["--frobnicate"], "frobnicate"),
    (["--listen", "127.0.0.1:1", "y"], "y: not expected"),
])
def test_wrong_arguments(arguments, message):
    result = subprocess.run([str(BUILD / "aorta-origin"), *arguments], capture_output=True,
                            text=True, timeout=10, check=False)
    assert result.returncode == 2 and message in result.stderr and result.stdout == ""


def test_port_in_use(origin):
    result = subprocess.run([str(BUILD / "aorta-origin"), "--listen", origin.addr],
                            capture_output=True, text=True, timeout=10, check=False)
    assert result.returncode == 1 and str(origin.port) in result.stderr


def test_help_names_every_command():
    text = subprocess.run([str(BUILD / "aorta-origin"), "--help"], capture_output=True, text=True,
                          timeout=10, check=True).stdout
    for word in ("status", "delay", "hang", "reset", "close", "trickle", "length", "extra",
                 "garbage", "raw", "refuse", "freeze", "drop", "normal", "state"):
        assert f"  {word} " in text
