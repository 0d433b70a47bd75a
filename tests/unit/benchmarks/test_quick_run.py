"""The harness itself works: a quick run against this server alone, as a developer starts it."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_quick_run_measures_this_server_and_says_which_peers_are_missing():
    result = ROOT / "build" / "bench" / "quick-test.json"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.run", "--quick", "--name", "quick-test", "--only", "manifests"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(result.read_text())["rows"]
    assert [row["name"] for row in rows] == ["manifest GET, small repository", "manifest HEAD, small repository"]
    assert all(figure > 0 for row in rows for figure in row["figures"]["entrepot"])
    assert done.stdout.count("MISSING (>= 3 x distribution)") == len(rows)
