# SPDX-License-Identifier: MIT
"""scripts/check-layers finds what it is there to find, in small trees made for the purpose."""
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check-layers"

LAYERS = """\
# a comment
0  base    err slice
1  wire    http1
2  health  health
2  proxy   worker
3  daemon
"""


@pytest.fixture
def tree(tmp_path):
    """A tree that has nothing wrong; write(path, text) adds to it."""
    def write(path, text):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    write("src/LAYERS", LAYERS)
    for header in ("err", "slice", "http1", "health", "worker"):
        write(f"include/aorta/{header}.h", "")
    write("src/base/err.c", '#include "aorta/err.h"\n#include <string.h>\n')
    write("src/wire/scan.h", '#include "aorta/slice.h"\n')
    write("src/wire/http1.c", '#include "aorta/http1.h"\n#include "scan.h"\n#include "wire/scan.h"\n')
    write("src/health/probes/tcp.c", '#include "../step.h"\n#include "aorta/slice.h"\n')
    write("src/health/step.h", "")
    write("src/daemon/main.c", '#include "aorta/health.h"\n#include "aorta/worker.h"\n')
    return tmp_path, write


def check(root):
    done = subprocess.run([sys.executable, SCRIPT, root], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_tree_in_order_passes(tree):
    status, output = check(tree[0])
    assert status == 0, output
    assert "0 violations" in output


@pytest.mark.parametrize("path, text, expected", [
    ("src/base/up.c", '\n#include "aorta/http1.h"\n',
     'src/base/up.c:2: "aorta/http1.h" belongs to wire (layer 1)'),
    ("src/health/side.c", '#include "aorta/worker.h"\n',
     'src/health/side.c:1: "aorta/worker.h" belongs to proxy (layer 2); '
     'health (layer 2) may include its own headers and those of base, wire'),
    ("src/daemon/private.c", '#include "wire/scan.h"\n',
     'src/daemon/private.c:1: "wire/scan.h" is private to wire'),
    ("src/daemon/private.c", '/* a\n comment */\n  #  include "../wire/scan.h"\n',
     'src/daemon/private.c:3: "../wire/scan.h" is private to wire'),
    ("src/daemon/typo.c", '#include "nowhere.h"\n', '"nowhere.h" is found neither'),
    ("src/wire/unknown.c", '#include <aorta/secret.h>\n', '"aorta/secret.h" is not listed'),
    ("src/newcomer/x.c", "", "folder newcomer is not listed"),
    ("src/stray.c", "", "outside of the folders"),
    ("include/aorta/orphan.h", "", "include/aorta/orphan.h:1: this header is not listed"),
    ("include/aorta/err.h", '#include "aorta/http1.h"\n',
     'include/aorta/err.h:1: "aorta/http1.h" belongs to wire'),
    ("src/LAYERS", LAYERS + "4  extra  err\n", "header err is listed twice"),
    ("src/LAYERS", LAYERS + "base 0\n", "src/LAYERS:7: expected LAYER FOLDER"),
])
def test_a_violation_is_found(tree, path, text, expected):
    root, write = tree
    write(path, text)
    status, output = check(root)
    assert status == 1
    assert expected in output


def test_an_include_in_a_comment_is_not_one(tree):
    root, write = tree
    write("src/base/talk.c", '/*\n#include "aorta/worker.h"\n*/\n// #include "aorta/worker.h"\n')
    assert check(root)[0] == 0


def test_an_empty_tree_is_a_failure(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "LAYERS").write_text(LAYERS)
    assert check(tmp_path)[0] == 1
