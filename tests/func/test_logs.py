# SPDX-License-Identifier: MIT
"""Logs that machines can read: one line each, always valid, whatever clients send."""
import json
import re
import signal

import pytest

from harness import http
from harness.waiting import until

CONF = """
log { access "@access_log@" format @format@; @events@ }
listener www { bind @listen@; route path /only/* pool web; pool web; }
pool web { member a @a@; readiness @fast_probe@ }
"""
NASTY = [("User-Agent", 'agent "quoted" \\ back'), ("Referer", "http://x.example/\xe9\xff?a=b")]
COMBINED = re.compile(
    r'(\S+) - - \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] '
    r'"((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)".*')


@pytest.fixture
def logged(aorta, origins):
    def start(access="json", events=""):
        (o,) = origins(1)
        a = aorta(CONF, a=o.addr, format=access, events=events)
        a.admin.wait_serving("web", 1)
        return a, o
    return start


def access_lines(a, n):
    """Waits for `n` lines of the access log."""
    def read():
        if not a.access_log.exists():
            return None
        lines = a.access_log.read_bytes().decode("utf-8").splitlines()
        return lines if len(lines) >= n else None
    lines = until(read, f"{n} lines of access log")
    assert len(lines) == n
    return lines


def drive(a):
    """Five requests of different fates."""
    with a.connect() as c:
        assert c.send(http.build(target="/bytes/100?q=1", headers=NASTY)).read().status == 200
        assert c.send(http.build("POST", "/status/404", body=b"abc")).read("POST").status == 404
        assert c.send(http.build("HEAD", "/")).read("HEAD").status == 200
        assert c.send(http.build(target='/a"b\\c%00')).read().status == 404
        assert c.send(b"NON SENSE\r\n\r\n").read().status == 400


def test_access_log_json(logged):
    a, _ = logged("json")
    drive(a)
    rows = [json.loads(line) for line in access_lines(a, 5)]
    assert [r["status"] for r in rows] == [200, 404, 200, 404, 400]
    first = rows[0]
    assert first["method"] == "GET" and "/bytes/100" in json.dumps(first)
    assert first["pool"] == "web" and first["member"] == "a"
    assert "127.0.0.1" in json.dumps(first)


def test_access_log_combined(logged):
    a, _ = logged("combined")
    drive(a)
    rows = [COMBINED.fullmatch(line) for line in access_lines(a, 5)]
    assert all(rows)
    assert [r[4] for r in rows] == ["200", "404", "200", "404", "400"]
    assert rows[0][1] == "127.0.0.1" and rows[0][3] == "GET /bytes/100?q=1 HTTP/1.1"
    assert rows[0][5] == "100"


def test_own_errors_are_told_from_members_own(logged):
    a, o = logged("json")
    with a.connect() as c:
        c.send(http.build(target="/status/503")).read()
    o.command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    assert a.get().status == 503
    theirs, ours = [json.loads(line) for line in access_lines(a, 2)]
    assert theirs["status"] == ours["status"] == 503
    assert "no-member" in json.dumps(ours) and "no-member" not in json.dumps(theirs)


LOGFMT = re.compile(r'(?:[\w.]+=(?:"(?:[^"\\]|\\.)*"|[^\s"=]*)(?: |$))+')


@pytest.mark.parametrize("format_", ["logfmt", "json"])
def test_events_log(logged, format_):
    a, o = logged(events=f"events stderr format {format_};")
    o.command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    a.terminate()
    assert a.process.wait() == 0
    lines = [x for x in a.process.output().splitlines() if x.strip()]
    assert len(lines) >= 3
    for line in lines:
        if format_ == "json":
            assert isinstance(json.loads(line), dict)
        else:
            assert LOGFMT.fullmatch(line), line
    down = [x for x in lines if "DOWN" in x and "ECONNREFUSED" in x]
    assert down, "the transition is told with its reason"


def test_events_to_a_file(logged):
    a, o = logged(events='events "@dir@/events.log" format json;')
    o.command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    path = a.directory / "events.log"
    until(lambda: "ECONNREFUSED" in path.read_text(), "the event in the file")
    for line in path.read_text().splitlines():
        json.loads(line)


def test_rotation(logged):
    a, _ = logged("json")
    assert a.get().status == 200
    access_lines(a, 1)
    moved = a.access_log.with_suffix(".1")
    a.access_log.rename(moved)
    a.process.signal(signal.SIGUSR1)
    until(a.access_log.exists, "a new file")
    assert a.get().status == 200
    access_lines(a, 1)
    assert len(moved.read_text().splitlines()) == 1
