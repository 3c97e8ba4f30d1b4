# SPDX-License-Identifier: MIT
"""Members that die, hang or lie, under load: no client may notice, and aorta must say why."""
import datetime
import signal

import pytest

from harness.load import Load
from harness.waiting import until

CONNECTIONS = 200


def history(a, member):
    """All that is recorded of the member, oldest first."""
    return sorted(a.admin.events(pool="web", member=member, limit=1000), key=lambda e: e["id"])


def transitions(a, member):
    return [e for e in history(a, member) if e["transition"]]


def at(event):
    """When, in seconds."""
    return datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()


def why(a, member):
    return a.admin.member("web", member)["why"]


@pytest.mark.parametrize("action", ["recheck", "down"])
def test_killed_member_under_load(web, action):
    """kill -9: nobody sees an error, out within 200 ms, DOWN with the errno, back by rise."""
    a, members = web(3, pool=f"passive {{ connect_errors 1 {action}; }}")
    victim = members[1]
    with Load(a.address, connections=CONNECTIONS) as load:
        load.wait_done(2000)
        victim.kill()
        a.admin.wait_state("web", "b", "DOWN")
        load.wait_done(2000)
        during = load.by_origin["b"]
        load.wait_done(1000)
        assert load.by_origin["b"] == during, "a member that is DOWN gets work"
        victim.start()
        a.admin.wait_state("web", "b", "UP")
        load.wait_done(2000)
        assert load.by_origin["b"] > during
    load.assert_clean()

    events = history(a, "b")
    down = next(e for e in events if e["transition"] and e["to"] == "DOWN")
    # With `down` a reset of a kept connection may take it out before any connect is refused.
    causes = {"ECONNREFUSED"} if action == "recheck" else {"ECONNREFUSED", "ECONNRESET"}
    refused = next(e for e in events if e["finding"] and e["finding"]["errno_name"] == "ECONNREFUSED")
    assert at(down) - at(refused) <= 0.2
    assert any(cause in down["sentence"] for cause in causes)
    up = next(e for e in events if e["transition"] and e["to"] == "UP" and e["id"] > down["id"])
    assert up["needed"] == 2 and up["streak"] >= 2


def test_the_page_says_why_it_is_down(web):
    a, members = web(2)
    members[0].kill()
    a.admin.wait_state("web", "a", "DOWN")
    assert "ECONNREFUSED" in why(a, "a")
    for target in ("/", "/?text"):
        page = a.admin.get(target).text
        assert "DOWN" in page and "ECONNREFUSED" in page


def test_hanging_member_under_load(web):
    """SIGSTOP: the kernel accepts, nobody answers. Probes find out; requests in it wait or fail
    by response_timeout, never by a client's own."""
    a, members = web(3, pool="response_timeout 3s; retry { on connect reset 504; }")
    with Load(a.address, connections=30, ok=(200, 504)) as load:
        load.wait_done(500)
        members[2].freeze()
        m = a.admin.wait_state("web", "c", "DOWN")
        assert m["evidence"]["finding"]["code"] == "L7TOUT"
        load.wait_done(500)
        members[2].thaw()
        a.admin.wait_state("web", "c", "UP")
        load.wait_done(500)
    load.assert_clean()
    assert load.statuses.get(504, 0) <= 30


def test_503_to_everything(web):
    """Also to its probe: clients see none of it with a retry on 503."""
    a, members = web(3, pool="retry { on connect reset 503; }")
    with Load(a.address, connections=50) as load:
        load.wait_done(500)
        members[0].command("status", code=503)
        m = a.admin.wait_state("web", "a", "DOWN")
        assert "503" in m["why"]
        load.wait_done(500)
        members[0].normal()
        a.admin.wait_state("web", "a", "UP")
        load.wait_done(500)
    load.assert_clean()


def test_member_that_refuses_its_probe_only(web):
    a, members = web(2)
    members[0].command("status", code=500, scope="health")
    a.admin.wait_state("web", "a", "DOWN")
    with Load(a.address, connections=5) as load:
        load.wait_done(100)
    assert set(load.by_origin) == {"b"}


def test_rise_and_fall_are_counted(aorta, origins):
    """Down after exactly `fall` failures, up after exactly `rise` passes."""
    (o,) = origins(1)
    a = aorta("""listener www { bind @listen@; pool web; }
        pool web { member a @a@; readiness http { get /healthz; interval 100ms; fast_interval 50ms;
                   timeout 100ms; rise 3; fall 4; jitter 0%; } }""", a=o.addr)
    a.admin.wait_state("web", "a", "UP")
    o.command("status", code=500, scope="health", count=3)
    until(lambda: o.state()["faults"] == [], "three failures")
    before = o.state()["health_requests"]
    until(lambda: o.state()["health_requests"] > before + 2, "probes after them")
    assert a.admin.state("web", "a") == "UP"
    o.command("status", code=500, scope="health", count=4)
    a.admin.wait_state("web", "a", "DOWN")
    a.admin.wait_state("web", "a", "UP")
    down, up = transitions(a, "a")[-2:]
    assert (down["to"], down["streak"], down["needed"]) == ("DOWN", 4, 4)
    assert (up["to"], up["streak"], up["needed"]) == ("UP", 3, 3)


def test_expectations(aorta, origins):
    """Status set, header and body patterns: what does not match is told with what came."""
    (o,) = origins(1)
    a = aorta("""listener www { bind @listen@; pool web; }
        pool web { member a @a@; readiness http { get /healthz; interval 100ms; timeout 100ms; rise 1;
            fall 1; expect status 200-299; expect header X-Origin a; expect body ~ "^o[k]"; } }""",
              a=o.addr)
    a.admin.wait_state("web", "a", "UP")
    for raw, word in ((b"HTTP/1.1 200 OK\r\nX-Origin: b\r\nContent-Length: 2\r\n\r\nok", "X-Origin"),
                      (b"HTTP/1.1 200 OK\r\nX-Origin: a\r\nContent-Length: 2\r\n\r\nno", "body"),
                      (b"HTTP/1.1 301 OK\r\nX-Origin: a\r\nContent-Length: 2\r\n\r\nok", "301")):
        o.raw(raw, scope="health", then="keep")
        assert word.lower() in a.admin.wait_state("web", "a", "DOWN")["why"].lower()
        o.normal()
        a.admin.wait_state("web", "a", "UP")


def test_startup_probe_holds_the_others_back(aorta, origins):
    (o,) = origins(1)
    o.raw(b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n", scope="traffic", then="keep")
    a = aorta("""listener www { bind @listen@; pool web; }
        pool web { member a @a@; startup http { get /; interval 50ms; timeout 50ms; fall 1000; }
                   readiness @fast_probe@ }""", ready=False, a=o.addr)
    until(lambda: o.requests() > 4, "startup probes")
    assert a.admin.state("web", "a") == "CHECKING"
    assert o.state()["health_requests"] == 0
    o.normal()
    a.admin.wait_state("web", "a", "UP")


def test_without_readiness_a_tcp_probe_judges(aorta, origins):
    (o,) = origins(1)
    a = aorta("listener www { bind @listen@; pool web; } pool web { member a @a@; }", a=o.addr)
    m = a.admin.wait_state("web", "a", "UP")
    assert m["evidence"]["finding"]["code"] == "L4OK"


def test_passive_down_needs_its_count(aorta, origins):
    """With slow probes it is traffic that takes a member out, after connect_errors in a row."""
    x, y = origins(2)
    a = aorta("""workers 1; listener www { bind @listen@; pool web; }
        pool web { member a @a@; member b @b@; passive { connect_errors 3 down; }
                   readiness tcp { interval 60s; fast_interval 50ms; timeout 1s; rise 1; } }""",
              a=x.addr, b=y.addr)
    a.admin.wait_serving("web", 2)
    x.command("refuse")
    for _ in range(2):  # a try on b makes a the next in turn: up to one error for each request
        assert a.get().status == 200
    assert a.admin.state("web", "a") == "UP"
    for _ in range(6):
        assert a.get().status == 200
    m = a.admin.wait_state("web", "a", "DOWN")
    assert m["evidence"]["source"] == "TRAFFIC" and "ECONNREFUSED" in m["why"]


def test_stopped_aorta_does_not_blame_its_members(web):
    """After a pause of aorta's own (SIGSTOP) members that were well stay in service."""
    a, members = web(2)
    a.process.signal(signal.SIGSTOP)
    import time
    time.sleep(1.5)  # the pause is the subject here
    a.process.signal(signal.SIGCONT)
    with Load(a.address, connections=20) as load:
        load.wait_done(300)
    load.assert_clean()
    assert [e["to"] for m in "ab" for e in transitions(a, m)].count("DOWN") == 0
