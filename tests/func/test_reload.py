# SPDX-License-Identifier: MIT
"""Reload: all of the new file or nothing of it, and no client notices."""
import os
import signal

import pytest

from harness import http
from harness.aorta import check_file
from harness.load import Load
from harness.waiting import until

BASE = """
listener www { bind @listen@; pool web; }
pool web { @members@ readiness @fast_probe@ }
"""


@pytest.fixture
def base(aorta, origins):
    """aorta over the first `n` of `total` origins, and a function that writes the file anew."""
    def start(n, total):
        members = origins(total)
        a = aorta(BASE, members=lines(members[:n]))
        a.admin.wait_serving("web", n)
        return a, members
    return start


def lines(members):
    return " ".join(f"member {o.name} {o.addr};" for o in members)


def reload_with(a, members, text=BASE, **more):
    a.values.update(members=lines(members), **more)
    return a.reload(text)


def generation(a):
    return a.admin.json("/api/v1/status")["configuration"]["serial"]


def test_members_come_and_go_under_load(base):
    a, members = base(2, 3)
    with Load(a.address, connections=50) as load:
        load.wait_done(500)
        reload_with(a, members)
        a.admin.wait_serving("web", 3)
        load.wait_done(500)
        assert load.by_origin.get("c"), "a member that was added gets work"
        reload_with(a, members[1:])
        until(lambda: len([m for m in a.admin.pool("web")["members"] if not m["removed"]]) == 2,
              "the member to be gone")
        load.wait_done(200)
        before = load.by_origin["a"]
        load.wait_done(500)
        assert load.by_origin["a"] == before, "a member that was removed gets work"
    load.assert_clean()


def test_state_and_counters_of_members_survive(base):
    a, members = base(2, 2)
    members[0].command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    for _ in range(10):
        a.get()
    since = a.admin.member("web", "a")["since"]
    requests = a.admin.member("web", "b")["traffic"]["requests"]
    before = generation(a)
    reload_with(a, members)
    assert generation(a) == before + 1
    assert a.admin.member("web", "a")["state"] == "DOWN"
    assert a.admin.member("web", "a")["since"] == since
    assert a.admin.member("web", "b")["traffic"]["requests"] == requests
    assert a.admin.metric("aorta_listener_requests_total", listener="www") == 10


def test_operators_orders_survive(base):
    a, members = base(2, 2)
    a.ctl("maint", "web/a")
    a.admin.wait_state("web", "a", "MAINT")
    reload_with(a, members)
    assert a.admin.state("web", "a") == "MAINT"


@pytest.mark.parametrize("broken", [
    "listener www { bind @listen@; pool nowhere; }", "pool web {", "nonsense;",
    BASE + "pool web { member x 127.0.0.1:1; }", BASE + 'include "/does/not/exist.conf";'])
def test_broken_file_leaves_everything_as_it_was(base, broken):
    a, members = base(1, 1)
    before = generation(a)
    a.write(broken)
    answer = a.admin.post("/api/v1/reload")
    assert 400 <= answer.status < 500, answer
    assert str(a.file) in answer.text or ":" in answer.text
    result = a.ctl("reload", check=False)
    assert result.returncode != 0 and (result.stderr + result.stdout).strip()
    a.process.signal(signal.SIGHUP)
    until(lambda: a.admin.json("/api/v1/status")["process"]["reloads_failed"] == 3, "SIGHUP to fail")
    assert generation(a) == before
    assert a.get().status == 200


def test_sighup_reloads(base):
    a, members = base(1, 2)
    a.values["members"] = lines(members)
    a.write(BASE)
    a.process.signal(signal.SIGHUP)
    a.admin.wait_serving("web", 2)


def test_ctl_reload(base):
    a, members = base(1, 2)
    a.values["members"] = lines(members)
    a.write(BASE)
    a.ctl("reload")
    a.admin.wait_serving("web", 2)


def test_listeners_are_added_and_removed(base, port):
    a, members = base(1, 1)
    extra = port()
    reload_with(a, members, BASE + "listener more { bind 127.0.0.1:@extra@; pool web; }", extra=extra)
    assert http.request(("127.0.0.1", extra)).status == 200
    with http.Connection(("127.0.0.1", extra)) as c:
        c.send(http.build(target="/slow?ms=500"))
        until(lambda: a.admin.member("web", "a")["traffic"]["in_flight"] == 1, "work")
        reload_with(a, members)
        assert c.read().status == 200, "what was accepted is not lost"

    def refused():
        try:
            http.request(("127.0.0.1", extra))
        except (OSError, http.Closed):
            return True
        return False
    until(refused, "the listener to be gone")
    assert a.get().status == 200


def test_new_address_that_is_taken_changes_nothing(base, origins):
    a, members = base(1, 1)
    (squatter,) = origins(1)
    a.values["taken"] = squatter.port
    a.write(BASE + "listener more { bind 127.0.0.1:@taken@; pool web; }")
    answer = a.admin.post("/api/v1/reload")
    assert answer.status >= 400 and str(squatter.port) in answer.text
    assert a.get().status == 200


def test_routes_change(base):
    a, members = base(1, 2)
    text = BASE + "pool other { member b @b@; readiness @fast_probe@ }"
    text = text.replace("pool web; }", "route path /other/* pool other; pool web; }", 1)
    with a.connect() as c:
        assert c.send(http.build(target="/other/")).read().get("X-Origin") == "a"
        reload_with(a, members[:1], text, b=members[1].addr)
        a.admin.wait_serving("other", 1)
        assert c.send(http.build(target="/other/")).read().get("X-Origin") == "b"


def test_many_reloads_leak_nothing(base):
    a, members = base(2, 2)
    with Load(a.address, connections=10) as load:
        for i in range(20):
            reload_with(a, members if i % 2 else members[:1])
        load.wait_done(100)
        descriptors = len(os.listdir(f"/proc/{a.process.pid}/fd"))
        for i in range(40):
            reload_with(a, members if i % 2 else members[:1])
        load.wait_done(100)
        assert len(os.listdir(f"/proc/{a.process.pid}/fd")) <= descriptors + 10
    load.assert_clean()


def test_member_with_a_new_address_is_a_new_member(base):
    a, members = base(1, 2)
    a.values["members"] = f"member a {members[1].addr};"
    a.reload(BASE)
    a.admin.wait_serving("web", 1)
    until(lambda: a.get().get("X-Origin") == "b", "the new address to serve")


def test_check_of_a_good_and_a_bad_file(base, tmp_path):
    a, _ = base(1, 1)
    good = check_file(a.file)
    assert good.returncode == 0 and "1 listener" in good.stdout
    bad = tmp_path / "bad.conf"
    bad.write_text("pool web {\n    membr a 127.0.0.1:1;\n    balance p3c;\n}\n")
    result = check_file(bad)
    text = result.stdout + result.stderr
    assert result.returncode == 1
    assert f"{bad}:2:5: " in text and f"{bad}:3:13: " in text
    assert "member" in text and "p2c" in text and "^" in text
