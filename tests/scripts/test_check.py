# SPDX-License-Identifier: MIT
"""scripts/check counts what the test programs say, and never takes a crash for a pass."""
import importlib.machinery
import importlib.util
import pathlib
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check"


@pytest.fixture(scope="module")
def check():
    loader = importlib.machinery.SourceFileLoader("aorta_check", str(SCRIPT))
    spec = importlib.util.spec_from_loader("aorta_check", loader)
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


GOOD = """\
[==========] Running 2 test(s).
[ RUN      ] test_a
[       OK ] test_a
[ RUN      ] test_b
[       OK ] test_b
[==========] 2 test(s) run.
[  PASSED  ] 2 test(s).
"""
# As cmocka 1.1.7 prints it; 2.0 puts the group's name before the number.
MIXED = """\
[ RUN      ] test_a
[       OK ] test_a
[ RUN      ] test_b
[  ERROR   ] --- 0
[  FAILED  ] test_b
[ RUN      ] test_c
[  SKIPPED ] test_c
[==========] 4 test(s) run.
[  PASSED  ] 1 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] test_c

 1 SKIPPED TEST(S)
[  FAILED  ] 2 test(s), listed below:
[  FAILED  ] test_b
[  FAILED  ] test_d

 2 FAILED TEST(S)
"""
NAMED_GROUP = """\
[==========] tests: 3 test(s) run.
[  PASSED  ] 1 test(s).
[  FAILED  ] tests: 2 test(s), listed below:
"""
CRASHED = """\
[ RUN      ] test_a
[       OK ] test_a
[ RUN      ] test_b
Aborted
"""


@pytest.mark.parametrize("result, log, expected", [
    ("PASS", GOOD, (2, 0, 0)),
    ("PASS", GOOD + GOOD, (4, 0, 0)),
    ("FAIL", MIXED, (1, 2, 1)),
    ("FAIL", NAMED_GROUP, (1, 2, 0)),
    ("FAIL", CRASHED, (1, 1, 0)),
    ("FAIL", GOOD, (2, 1, 0)),  # all passed, and then a sanitizer complained at the exit
    ("PASS", "no cmocka here\n", (1, 0, 0)),
    ("FAIL", "", (0, 1, 0)),
    ("SKIP", "", (0, 0, 1)),
    ("ERROR", "", (0, 1, 0)),
])
def test_a_unit_test_log_is_counted(check, tmp_path, result, log, expected):
    trs = tmp_path / "test_x.trs"
    trs.write_text(f":test-result: {result}\n:global-test-result: {result}\n")
    (tmp_path / "test_x.log").write_text(log)
    count = check.count_test_log(trs)
    assert (count.passed, count.failed, count.skipped) == expected


def test_a_pytest_report_is_counted(check, tmp_path):
    report = tmp_path / "junit.xml"
    report.write_text('<testsuites><testsuite errors="1" failures="2" skipped="3" tests="10"/></testsuites>')
    count = check.count_junit(report)
    assert (count.passed, count.failed, count.skipped) == (4, 3, 3)


def test_a_missing_pytest_report_is_no_count(check, tmp_path):
    assert check.count_junit(tmp_path / "none.xml") is None


def test_what_needs_a_broken_build_fails_without_running(check, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "LOGS", tmp_path)
    broken = {"build"}
    ran = []
    count = check.run_stage(check.Stage("unit", ran.append, needs="build"), broken)
    assert (count.passed, count.failed, ran) == (0, 1, [])
    assert "not run: build failed" in capsys.readouterr().out
    assert "unit" in broken


def test_a_command_that_overstays_is_killed(check, tmp_path, monkeypatch):
    monkeypatch.setattr(check, "LOGS", tmp_path)
    assert check.run("slow", ["sleep", "60"], 0.2, cwd=tmp_path) == 124
    assert "killed" in (tmp_path / "slow.log").read_text()


def test_reports_of_daemons_are_found_and_logged(check, tmp_path, monkeypatch):
    monkeypatch.setattr(check, "LOGS", tmp_path)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "asan-func.4711").write_text("ERROR: AddressSanitizer: heap-use-after-free")
    (tmp_path / "reports" / "tsan-func.4712").write_text("another stage's")
    assert check.collect_reports("asan/func") == 1
    assert "heap-use-after-free" in (tmp_path / "asan-func.log").read_text()


def test_errors_far_up_in_a_log_are_shown(check, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "LOGS", tmp_path)
    (tmp_path / "x.log").write_text("a.c:1:1: error: here\n" + "noise\n" * 500)
    check.show_tail("x")
    assert "a.c:1:1: error: here" in capsys.readouterr().out
