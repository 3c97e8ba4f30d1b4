# SPDX-License-Identifier: MIT
"""What operators see and order: API, page, aortactl, metrics, checks, and who may do what."""
import json
import re
import subprocess
import threading

import pytest

from harness import http
from harness.aorta import TOKEN
from harness.load import Load
from harness.waiting import until


def test_pools_are_shown_with_state_reason_and_traffic(web):
    a, members = web(2)
    for _ in range(10):
        assert a.get().status == 200
    pool = a.admin.pool("web")
    assert [m["name"] for m in pool["members"]] == ["a", "b"]
    for m, o in zip(pool["members"], members):
        assert (m["state"], m["address"], m["takes_new_work"]) == ("UP", o.addr, True)
        assert m["why"] and m["since"]
        assert m["traffic"]["requests"] == m["traffic"]["responses"]["2xx"] > 0
        assert m["roles"]["readiness"]["passing"] is True
    assert sum(m["traffic"]["requests"] for m in pool["members"]) == pool["requests"] == 10


def test_unknown_names_are_404_and_name_the_nearest(web):
    a, _ = web(1)
    for target in ("/api/v1/pools/wbe", "/api/v1/pools/web/members/x", "/nothing"):
        assert a.admin.ask(target).status == 404
    assert "web" in a.admin.ask("/api/v1/pools/wbe").text


def test_events_are_ordered_and_can_be_followed(web):
    a, (o,) = web(1)
    o.command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    answer = a.admin.json("/api/v1/events?transitions=1")
    ids = [e["id"] for e in answer["events"]]
    assert len(set(ids)) == len(ids) >= 2
    assert all(e["transition"] for e in answer["events"])
    last = answer["last"]
    o.normal()
    a.admin.wait_state("web", "a", "UP")
    newer = a.admin.json(f"/api/v1/events?since={last}&transitions=1")["events"]
    assert [(e["from"], e["to"]) for e in newer] == [("DOWN", "UP")]
    assert all(e["id"] > last for e in newer)


def test_page_without_scripts(web):
    a, (o, *_) = web(2)
    o.command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    answer = a.admin.get("/")
    assert answer.get("Content-Type").startswith("text/html")
    page = answer.text
    assert page.index("DOWN") < page.rindex("UP"), "what is wrong comes first"
    for word in ("web", ">a<", o.addr, "ECONNREFUSED"):
        assert word in page
    text = a.admin.get("/?text")
    assert text.get("Content-Type").startswith("text/plain")
    assert not re.search(r"</?\w+>", text.text) and "ECONNREFUSED" in text.text


def test_metrics_pass_prometheus_own_checker(web):
    a, _ = web(2)
    a.get()
    text = a.admin.get("/metrics").text
    result = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                            capture_output=True, timeout=30, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == "" and result.stdout == "", result.stdout + result.stderr


def test_metrics_count_what_happened(web):
    a, _ = web(2)
    with a.connect() as c:
        for _ in range(30):
            c.send(http.build()).read()
        c.send(http.build(target="/status/500")).read()
    m = a.admin
    assert m.metric("aorta_listener_requests_total", listener="www") == 31
    assert m.metric("aorta_listener_responses_total", listener="www", **{"class": "2xx"}) == 30
    assert m.metric("aorta_member_responses_total", pool="web", **{"class": "5xx"}) == 1
    assert m.metric("aorta_member_requests_total", pool="web") == 31
    assert m.metric("aorta_pool_requests_total", pool="web") == 31
    assert m.metric("aorta_listener_accepted_total", listener="www") == 1
    assert m.metric("aorta_member_latency_seconds_count", pool="web") == 31
    assert m.metric("aorta_member_state", member="a", state="UP") == 1
    assert m.metric("aorta_member_state", member="a") == 1
    assert m.metric("aorta_pool_members_serving", pool="web") == 2


def test_livez_and_readyz(web):
    a, _ = web(1)
    assert a.admin.get("/livez").text.strip() == "ok"
    assert a.admin.get("/readyz").text.strip() == "ok"
    verbose = a.admin.get("/readyz?verbose").text
    lines = verbose.strip().splitlines()
    assert all(line.startswith("[+]") for line in lines[:-1]) and "passed" in lines[-1]


def test_not_ready_until_the_members_are_judged(aorta, origins):
    (o,) = origins(1)
    o.command("hang", scope="health")
    a = aorta("""listener www { bind @listen@; pool web; }
                 pool web { member a @a@; readiness http { get /healthz; interval 1s; timeout 1s; } }""",
              ready=False, a=o.addr)
    answer = a.admin.ask("/readyz")
    assert answer.status == 503 and "[-]pool:web failed" in answer.text
    assert a.admin.ask("/readyz?exclude=pool:web").status == 200
    assert a.admin.ask("/readyz/pool:web").status == 503
    assert a.admin.ask("/livez").status == 200
    o.normal()
    a.wait_ready()
    assert a.admin.ask("/readyz/pool:web").status == 200


# ---- orders ----

def test_drain_lets_work_finish_and_shows_progress(web):
    a, _ = web(2, pool="drain_timeout 30s;", more="workers 1;")  # so each gets one
    results = []
    slow = threading.Thread(target=lambda: results.extend(
        a.get("/slow?ms=1500") for _ in range(1)))
    other = threading.Thread(target=lambda: results.append(a.get("/slow?ms=1500")))
    slow.start()
    other.start()
    until(lambda: a.admin.member("web", "a")["traffic"]["in_flight"] == 1, "work on a")
    a.ctl("drain", "web/a")
    m = a.admin.wait_state("web", "a", "DRAINING")
    assert m["drain"]["in_flight"] == 1 and not m["drain"]["done"]
    assert 0 < m["drain"]["remaining_ms"] <= 30_000
    assert [a.get().get("X-Origin") for _ in range(10)] == ["b"] * 10
    slow.join()
    other.join()
    assert [r.status for r in results] == [200, 200]
    assert {r.get("X-Origin") for r in results} == {"a", "b"}
    until(lambda: a.admin.member("web", "a")["drain"]["done"], "the drain to end")
    a.ctl("ready", "web/a")
    a.admin.wait_state("web", "a", "UP")
    assert {a.get().get("X-Origin") for _ in range(10)} == {"a", "b"}


def test_drain_under_load_is_not_noticed(web):
    a, _ = web(2)
    with Load(a.address, connections=50) as load:
        load.wait_done(500)
        for order, state in (("drain", "DRAINING"), ("ready", "UP"), ("maint", "MAINT"),
                             ("ready", "UP")):
            a.admin.order("web", "a", order)
            a.admin.wait_state("web", "a", state)
            load.wait_done(500)
    load.assert_clean()


def test_maint_cuts_what_is_left_at_the_deadline(web):
    a, _ = web(1, pool="drain_timeout 300ms;")
    with a.connect() as c:
        c.send(http.build(target="/slow?ms=20000"))
        until(lambda: a.admin.member("web", "a")["traffic"]["in_flight"] == 1, "work on a")
        a.ctl("maint", "web/a")
        a.admin.wait_state("web", "a", "MAINT")
        try:
            assert c.read().status in (502, 503, 504)
        except http.Closed:
            pass
    until(lambda: a.admin.member("web", "a")["traffic"]["in_flight"] == 0, "the work to be cut")


def test_orders_are_recorded_with_who_and_survive_probes(web):
    a, (o,) = web(1)
    a.ctl("maint", "web/a")
    a.admin.wait_state("web", "a", "MAINT")
    before = o.state()["health_requests"]
    event = a.admin.events(pool="web", member="a", transitions=1)
    last = max(event, key=lambda e: e["id"])
    assert (last["to"], last["source"]) == ("MAINT", "ADMIN")
    assert "operator" in last["sentence"] or "aortactl" in last["sentence"]
    a.admin.post("/api/v1/pools/web/members/a/probe")
    assert a.admin.state("web", "a") == "MAINT"
    assert o.state()["health_requests"] >= before


def test_changes_over_tcp_need_the_token(web):
    a, _ = web(1)
    target = "/api/v1/pools/web/members/a/drain"
    assert a.admin.post(target, token=None).status == 401
    assert a.admin.post(target, token="wrong").status in (401, 403)
    assert a.admin.post(target, token=TOKEN[:-1]).status in (401, 403)
    assert a.admin.state("web", "a") == "UP"
    assert a.admin.post(target).status in (200, 202)
    a.admin.wait_state("web", "a", "DRAINING")


def test_reading_on_loopback_needs_none(web):
    a, _ = web(1)
    for target in ("/", "/api/v1/pools", "/metrics", "/api/v1/events"):
        assert a.admin.ask(target).status == 200


def test_unix_socket_needs_no_token(web):
    a, _ = web(1)
    answer = a.admin.ask("/api/v1/pools/web/members/a/drain", "POST", body=b"", unix=True)
    assert answer.status in (200, 202)
    a.admin.wait_state("web", "a", "DRAINING")


def test_without_a_token_tcp_changes_nothing(aorta, origins):
    (o,) = origins(1)
    a = aorta("""admin { bind 127.0.0.1:@admin_port@; socket "@dir@/s"; }
                 listener www { bind @listen@; pool web; }
                 pool web { member a @a@; readiness none; }""", a=o.addr)
    for token in (None, "", TOKEN):
        answer = a.admin.post("/api/v1/pools/web/members/a/drain", token=token)
        assert answer.status in (401, 403)
    assert a.admin.state("web", "a") == "UP"


@pytest.mark.parametrize("headers,host", [
    ([("Origin", "http://evil.example")], "localhost"),
    ([("Sec-Fetch-Site", "cross-site")], "localhost"),
    ([], "rebound.evil.example")])
def test_pages_of_strangers_change_and_learn_nothing(web, headers, host):
    """Requests that a browser was made to send: another site's, or a name rebound to loopback."""
    a, _ = web(1)
    post = a.admin.ask("/api/v1/pools/web/members/a/drain", "POST", headers, b"", host=host)
    assert post.status in (400, 401, 403, 421)
    if host != "localhost":
        assert a.admin.ask("/api/v1/pools", host=host).status in (400, 401, 403, 421)
    assert a.admin.state("web", "a") == "UP"


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x00\x01\x02\r\n\r\n",
                                  b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                  b"POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\n"
                                  b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n"])
def test_nonsense_on_the_admin_side_is_refused(web, data):
    a, _ = web(1)
    with http.Connection(a.admin.address) as c:
        try:
            assert 400 <= c.send(data).read().status < 500
        except (http.Closed, OSError):
            pass
    assert a.admin.get("/livez").status == 200


def test_admin_keeps_connections_and_pipelines(web):
    a, _ = web(1)
    with http.Connection(a.admin.address) as c:
        c.send(http.build(target="/livez", host="localhost") * 3)
        assert [c.read().status for _ in range(3)] == [200] * 3


# ---- aortactl ----

def test_ctl_status(web):
    a, (o, _) = web(2)
    o.command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    text = a.ctl("status")
    assert "web" in text and "DOWN" in text and "UP" in text
    assert json.loads(a.ctl("status", "--json"))


def test_ctl_why(web):
    a, (o, _) = web(2)
    o.command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    text = a.ctl("why", "web/a")
    assert "DOWN" in text and "ECONNREFUSED" in text
    assert "ECONNREFUSED" in json.dumps(json.loads(a.ctl("why", "web/a", "--json")))


def test_ctl_events(web):
    a, (o,) = web(1)
    o.command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    assert "DOWN" in a.ctl("events")
    a.ctl("events", "--json")


@pytest.mark.parametrize("words", [["drain"], ["drain", "web/x"], ["drain", "wbe/a"], ["why", "nope"],
                                   ["frobnicate"], []])
def test_ctl_mistakes_are_told_and_exit_non_zero(web, words):
    a, _ = web(1)
    result = a.ctl(*words, check=False)
    assert result.returncode != 0 and result.stderr.strip() and not result.stdout.strip()


def test_ctl_without_aorta(web):
    a, _ = web(1)
    a.process.signal(15)
    assert a.process.wait() == 0
    result = a.ctl("status", check=False)
    assert result.returncode != 0 and a.socket in result.stderr
