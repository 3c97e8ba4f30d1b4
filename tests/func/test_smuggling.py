# SPDX-License-Identifier: MIT
"""
Requests that two parties could read differently (RFC 9112 11.2): refused with 400, the connection
closed, and not a byte of them at the member.
"""
import pytest

from harness import http

CONF = """
workers 1;
listener www { bind @listen@; pool web; }
pool web { member a @a@; readiness none; }
"""

H = b"Host: x.example\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x.example\r\n\r\n"


def post(headers, body=b"0\r\n\r\n"):
    return b"POST / HTTP/1.1\r\n" + H + headers + b"\r\n" + body


HEADS = {
    "two equal lengths": post(b"Content-Length: 5\r\nContent-Length: 5\r\n"),
    "two different lengths": post(b"Content-Length: 5\r\nContent-Length: 6\r\n"),
    "list of lengths": post(b"Content-Length: 5, 5\r\n"),
    "length and chunked": post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    "chunked and length": post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
    "signed length": post(b"Content-Length: +5\r\n"),
    "negative length": post(b"Content-Length: -5\r\n"),
    "empty length": post(b"Content-Length:\r\n"),
    "hexadecimal length": post(b"Content-Length: 0x5\r\n"),
    "length with junk": post(b"Content-Length: 5a\r\n"),
    "two numbers as length": post(b"Content-Length: 5 6\r\n"),
    "overflowing length": post(b"Content-Length: 18446744073709551621\r\n"),
    "length just too large": post(b"Content-Length: 9223372036854775808\r\n"),
    "space before colon": post(b"Transfer-Encoding : chunked\r\n"),
    "space before colon of length": post(b"Content-Length : 5\r\n"),
    "tab before colon": post(b"Transfer-Encoding\t: chunked\r\n"),
    "space before first header": b"POST / HTTP/1.1\r\n Host: x\r\n" + H + b"\r\n",
    "folded header": post(b"X-A: b\r\n Transfer-Encoding: chunked\r\n"),
    "folded coding": post(b"Transfer-Encoding:\r\n chunked\r\n"),
    "two codings": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    "coding list": post(b"Transfer-Encoding: gzip, chunked\r\n"),
    "chunked twice in a list": post(b"Transfer-Encoding: chunked, chunked\r\n"),
    "chunked, identity": post(b"Transfer-Encoding: chunked, identity\r\n"),
    "identity": post(b"Transfer-Encoding: identity\r\n"),
    "unknown coding": post(b"Transfer-Encoding: xchunked\r\n"),
    "quoted coding": post(b'Transfer-Encoding: "chunked"\r\n'),
    "coding with a parameter": post(b"Transfer-Encoding: chunked;a=b\r\n"),
    "empty coding": post(b"Transfer-Encoding:\r\n"),
    "vertical tab in coding": post(b"Transfer-Encoding: \x0bchunked\r\n"),
    "NUL in coding": post(b"Transfer-Encoding: chunked\x00\r\n"),
    "chunked in HTTP/1.0": b"POST / HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare LF after a header": post(b"X-A: b\nTransfer-Encoding: chunked\r\n"),
    "bare LF throughout": b"POST / HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
    "bare LF ends the head": b"GET / HTTP/1.1\r\n" + H + b"\nX: y\r\n\r\n",
    "bare CR in a value": post(b"X-A: b\rTransfer-Encoding: chunked\r\n"),
    "bare CR ends a line": b"GET / HTTP/1.1\r" + H + b"\r\n",
    "NUL in a value": post(b"X-A: b\x00c\r\n"),
    "NUL in a name": post(b"X\x00A: b\r\n"),
    "DEL in a value": post(b"X-A: b\x7fc\r\n"),
    "line without colon": post(b"Transfer-Encoding chunked\r\n"),
    "empty name": post(b": chunked\r\n"),
    "name with a bracket": post(b"X(A): b\r\n"),
    "name beyond ASCII": post(b"X\xe9: b\r\n"),
    "no Host": b"GET / HTTP/1.1\r\nX: y\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\n" + H + b"Host: y.example\r\n\r\n",
    "two equal Hosts": b"GET / HTTP/1.1\r\n" + H + H + b"\r\n",
    "Host with a space": b"GET / HTTP/1.1\r\nHost: x.example y\r\n\r\n",
    "Host with a slash": b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "Host with a user": b"GET / HTTP/1.1\r\nHost: u@x.example\r\n\r\n",
    "Host against target": b"GET http://y.example/ HTTP/1.1\r\n" + H + b"\r\n",
    "two spaces in the line": b"GET  / HTTP/1.1\r\n" + H + b"\r\n",
    "tab in the line": b"GET\t/ HTTP/1.1\r\n" + H + b"\r\n",
    "space at the line's end": b"GET / HTTP/1.1 \r\n" + H + b"\r\n",
    "space before the method": b" GET / HTTP/1.1\r\n" + H + b"\r\n",
    "no version": b"GET /\r\n" + H + b"\r\n",
    "control character in the target": b"GET /\x01 HTTP/1.1\r\n" + H + b"\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\n" + H + b"\r\n",
    "NUL in the target": b"GET /\x00 HTTP/1.1\r\n" + H + b"\r\n",
    "relative target": b"GET index.html HTTP/1.1\r\n" + H + b"\r\n",
    "bracket in the method": b"GE(T / HTTP/1.1\r\n" + H + b"\r\n",
    "empty method": b" / HTTP/1.1\r\n" + H + b"\r\n",
    "two empty lines before": b"\r\n\r\n\r\nGET / HTTP/1.1\r\n" + H + b"\r\n",
}

VERSIONS = {  # refused as a version that is not spoken or as nonsense: both are right
    "lower case version": b"GET / http/1.1\r\n" + H + b"\r\n",
    "version 1.10": b"GET / HTTP/1.10\r\n" + H + b"\r\n",
    "version 1.2": b"GET / HTTP/1.2\r\n" + H + b"\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\n" + H + b"\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}

CHUNKED = b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n"
BODIES = {
    "size is no number": b"xyz\r\nabc\r\n0\r\n\r\n",
    "size is negative": b"-3\r\nabc\r\n0\r\n\r\n",
    "size with prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "size with a space before": b" 3\r\nabc\r\n0\r\n\r\n",
    "empty size": b"\r\nabc\r\n0\r\n\r\n",
    "size over 64 bits": b"10000000000000003\r\nabc\r\n0\r\n\r\n",
    "size line ends in LF": b"3\nabc\r\n0\r\n\r\n",
    "data longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "data shorter than its size": b"4\r\nabc\r\n0\r\n\r\n",
    "no CRLF after data": b"3\r\nabc0\r\n\r\n",
    "LF after data": b"3\r\nabc\n0\r\n\r\n",
    "CR in an extension": b"3;a\rb\r\nabc\r\n0\r\n\r\n",
    "LF in an extension": b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "endless extension": b"3;" + b"a" * 20000 + b"\r\nabc\r\n0\r\n\r\n",
    "trailer without colon": b"3\r\nabc\r\n0\r\nnonsense\r\n\r\n",
    "trailer ends in LF": b"3\r\nabc\r\n0\r\nX: y\n\r\n",
    "endless trailers": b"3\r\nabc\r\n0\r\n" + b"X: yyyyyyyyyyyyyyyyyyyyyyy\r\n" * 2000 + b"\r\n",
}


@pytest.fixture
def guarded(aorta, origins):
    (o,) = origins(1)
    return aorta(CONF, a=o.addr), o


def refused(a, data, statuses):
    """Sends it with a request hidden behind it: one answer with such a status, then the end."""
    with a.connect() as c:
        c.send(data + SMUGGLED)
        answer = c.read("POST")
        assert answer.status in statuses, answer
        assert answer.get("Connection").lower() == "close"
        assert c.is_closed()
    return answer


@pytest.mark.parametrize("name", HEADS)
def test_ambiguous_head_is_refused(guarded, name):
    a, o = guarded
    assert refused(a, HEADS[name], {400}).get("Aorta-Error") == "bad-request"
    state = o.state()
    assert (state["accepted"], state["bytes_in"]) == (0, 0)
    assert a.get().status == 200


@pytest.mark.parametrize("name", VERSIONS)
def test_other_versions_and_protocols_are_refused(guarded, name):
    a, o = guarded
    refused(a, VERSIONS[name], {400, 505})
    assert o.state()["accepted"] == 0


@pytest.mark.parametrize("name", BODIES)
def test_malformed_chunks_are_refused(guarded, name):
    """The head may have gone on already; a whole request must never come of it."""
    a, o = guarded
    refused(a, CHUNKED + BODIES[name], {400, 413})
    assert o.requests() == 0
    assert a.get().status == 200


@pytest.mark.parametrize("data,framing", [
    (post(b"Transfer-Encoding: ChunKed\r\n", b"3\r\nabc\r\n0\r\n\r\n"), b"transfer-encoding: chunked"),
    (post(b"Transfer-Encoding:\t chunked \t\r\n", b"3;x=y\r\nabc\r\n0\r\n\r\n"),
     b"transfer-encoding: chunked"),
    (post(b"Content-Length:   3  \r\n", b"abc"), b"content-length: 3"),
    (post(b"Content-Length: 0000003\r\n", b"abc"), b"content-length: 3"),
], ids=["case", "whitespace", "padded length", "leading zeros"])
def test_odd_but_clear_framing_is_written_anew(guarded, data, framing):
    a, _ = guarded
    with a.connect() as c:
        answer = c.send(data.replace(b"POST / ", b"POST /echo ")).read("POST")
        assert answer.status == 200
        head, _, body = answer.body.partition(b"\r\n\r\n")
        assert body == b"abc"
        lines = [b": ".join(x.strip() for x in line.lower().split(b":", 1))
                 for line in head.split(b"\r\n")]
        assert [x for x in lines if x.startswith((b"content-l", b"transfer-e"))] == [framing]
        assert c.send(http.build()).read().status == 200


def test_trailers_are_dropped(guarded):
    a, _ = guarded
    body = b"3\r\nabc\r\n0\r\nX-Trailer: y\r\nContent-Length: 5\r\n\r\n"
    with a.connect() as c:
        answer = c.send(post(b"Transfer-Encoding: chunked\r\n", body).replace(b" / ", b" /echo ", 1))
        answer = answer.read("POST")
        assert answer.body.endswith(b"\r\n\r\nabc") and b"X-Trailer" not in answer.body
        assert c.send(http.build()).read().status == 200
