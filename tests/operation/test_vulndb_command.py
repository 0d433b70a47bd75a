"""`entrepot vulndb` as a person uses it, before there is a server and without one."""

import subprocess

from tests.factories.advisory_files import dump, record
from tests.factories.processes import EXECUTABLE
from tests.operation.commands import entrepot, refused


def run(data, *arguments):
    ended = entrepot("vulndb", *arguments, "--data", data, "--output", "json")
    assert (ended.status, ended.complaint) == (0, ""), ended
    return ended.result


def test_what_is_imported_is_in_the_status(tmp_path):
    data = tmp_path / "data"
    empty = {"generation": 0, "usable": False, "sources": [], "updates": [], "workers": []}
    assert run(data, "status") == empty
    done = run(data, "import", dump(tmp_path / "Debian" / "all.zip", [record("DSA-1"), record("DSA-2", "q")]))
    assert done["changed_packages"] == 2
    status = run(data, "status")
    assert status["generation"] == done["generation"]
    (source,) = status["sources"]
    assert (source["source"], source["records"], source["updated_at"]) == ("Debian", 2, "2024-01-01T00:00:00+00:00")
    assert source["age_days"] > 600


def test_an_export_goes_to_a_deployment_that_trusts_it_and_to_no_other(tmp_path):
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "out.tar.zst"
    assert "vulndb import" in refused("vulndb", "export", file, "--data", here)
    run(here, "import", dump(tmp_path / "all.zip", [record("DSA-1")]))
    exported = run(here, "export", file)
    assert exported["bytes"] == file.stat().st_size
    assert "--trust" in refused("vulndb", "import", file, "--data", there)
    assert run(there, "import", file, "--trust", exported["public_key"])["changed_packages"] == 1
    (tmp_path / "shown.pub").write_text(run(here, "key")["public_key"])
    assert run(there, "import", file, "--trust", tmp_path / "shown.pub")["changed_packages"] == 0


def test_nonsense_is_refused_by_name(tmp_path):
    (tmp_path / "odd").write_text("odd")
    assert "odd" in refused("vulndb", "import", tmp_path / "odd", "--data", tmp_path / "data")
    assert "absent" in refused("vulndb", "import", tmp_path / "absent", "--data", tmp_path / "data")
    assert "PATH" in refused("vulndb", "import", "--data", tmp_path / "data")


def test_an_import_that_finds_no_room_says_so_and_leaves_what_was_there(tmp_path):
    data = tmp_path / "data"
    before = run(data, "import", dump(tmp_path / "Debian.zip", [record("DSA-1")]))["generation"]
    many = dump(tmp_path / "more.zip", [record(f"DSA-{number}", details=f"{number}" * 99) for number in range(3000)])
    limited = ["bash", "-c", 'ulimit -f 300; exec "$@"', "bash", EXECUTABLE, "vulndb", "import", many, "--data", data]
    ended = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr
    assert run(data, "status")["generation"] == before
    assert sorted(each.name for each in (data / "vulndb").iterdir()) == [f"{before}.db", "current", "import.lock"]
