# SPDX-License-Identifier: MIT
"""Who gets how much: the balancers, weights and tiers, seen from the members."""
import collections

import pytest

from harness import http
from harness.load import Load

CONF = """
workers 1;
listener www { bind @listen@; pool web; }
pool web { @members@ balance @balance@; readiness @fast_probe@ }
"""


@pytest.fixture
def pool(aorta, origins):
    """pool("round_robin", ["weight 2", "", ...]): aorta and its origins, all UP."""
    def start(balance, options):
        members = origins(len(options))
        lines = " ".join(f"member {o.name} {o.addr} {x};" for o, x in zip(members, options))
        a = aorta(CONF, members=lines, balance=balance)
        a.admin.wait_serving("web", len(options))
        return a, members
    return start


def spread(a, n):
    """Who answered each of `n` requests, one after the other on one connection."""
    with a.connect() as c:
        return [c.send(http.build()).read().get("X-Origin") for _ in range(n)]


def test_round_robin_takes_turns(pool):
    a, _ = pool("round_robin", ["", "", ""])
    got = spread(a, 30)
    assert all(len(set(got[i:i + 3])) == 3 for i in range(0, 28, 3))


def test_round_robin_by_weight_is_exact_and_smooth(pool):
    a, _ = pool("round_robin", ["weight 1", "weight 3", "weight 2"])
    got = spread(a, 60)
    assert collections.Counter(got) == {"a": 10, "b": 30, "c": 20}
    assert max(len(run) for run in "".join(got).replace("a", " ").replace("c", " ").split()) <= 2


@pytest.mark.parametrize("balance", ["round_robin", "least", "p2c"])
def test_every_balancer_uses_every_member(pool, balance):
    a, members = pool(balance, ["", "", ""])
    with Load(a.address, connections=30) as load:
        load.wait_done(1500)
    load.assert_clean()
    assert set(load.by_origin) == {"a", "b", "c"}
    assert min(load.by_origin.values()) > load.done / 3 * 0.5


@pytest.mark.parametrize("balance", ["least", "p2c"])
def test_a_slow_member_gets_less(pool, balance):
    a, (slow, *_) = pool(balance, ["", "", ""])
    slow.command("delay", ms=200, scope="traffic")
    with Load(a.address, connections=12) as load:
        load.wait_done(1000)
    load.assert_clean()
    assert load.by_origin.get("a", 0) < load.done * 0.15


@pytest.mark.parametrize("balance", ["least", "p2c"])
def test_weights_count_in_load_balancers(pool, balance):
    a, members = pool(balance, ["weight 1", "weight 4"])
    for o in members:
        o.command("delay", ms=20, scope="traffic")
    with Load(a.address, connections=20) as load:
        load.wait_done(600)
    load.assert_clean()
    assert 2 < load.by_origin["b"] / load.by_origin["a"] < 8


def test_second_tier_serves_only_when_the_first_cannot(pool):
    a, (one, two, spare) = pool("round_robin", ["", "", "tier 2"])
    assert set(spread(a, 20)) == {"a", "b"}
    one.command("refuse")
    a.admin.wait_state("web", "a", "DOWN")
    assert set(spread(a, 20)) == {"b"}
    two.command("refuse")
    a.admin.wait_state("web", "b", "DOWN")
    assert set(spread(a, 20)) == {"c"}
    one.normal()
    a.admin.wait_state("web", "a", "UP")
    assert set(spread(a, 20)) == {"a"}


def test_workers_share_the_work(aorta, origins):
    a_, b = origins(2)
    a = aorta(CONF.replace("workers 1", "workers 2"), members=f"member a {a_.addr}; member b {b.addr};",
              balance="round_robin")
    a.admin.wait_serving("web", 2)
    with Load(a.address, connections=40) as load:
        load.wait_done(1000)
    load.assert_clean()
    assert min(load.by_origin.values()) > load.done * 0.4
