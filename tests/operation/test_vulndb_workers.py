"""An import returns when every worker of every server matches with what is new; one that does not follow is named."""

import os
import signal
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from entrepot.core.vulnerabilities.importing import Importing
from entrepot.db.vulnerability_generations import Generations
from entrepot.db.vulnerability_readers import readers
from tests.factories.advisory_files import dump, record
from tests.factories.processes import serve
from tests.factories.waiting import wait
from tests.operation.commands import children, entrepot

COMMON = ("--workers", "1")


def run(data, *arguments):
    ended = entrepot("vulndb", *arguments, "--data", data, "--output", "json")
    assert ended.status == 0, ended
    return ended


def known_before(data: Path, archive: Path) -> int:
    """A generation that is there when the servers start."""
    with closing(Generations(data / "vulndb")) as generations:
        return Importing(generations, datetime.now(UTC), False, (), lambda _: None).run([archive]).generation


def test_after_an_import_all_workers_of_two_servers_match_with_it(tmp_path):
    data = tmp_path / "data"
    before = known_before(data, dump(tmp_path / "Debian.zip", [record("DSA-1")]))
    with serve(tmp_path, extra=COMMON) as first, serve(tmp_path, extra=COMMON) as second:
        workers = {children(each.process.pid)[-1] for each in (first, second)}
        wait(lambda: {each.pid for each in readers(data / "vulndb")} == workers)
        done = run(data, "import", dump(tmp_path / "Debian.zip", [record("DSA-2")])).result
        assert done["workers_behind"] == []
        assert done["generation"] > before
        told = run(data, "status").result["workers"]
        assert {each["pid"]: each["generation"] for each in told} == dict.fromkeys(workers, done["generation"])


def test_a_worker_that_does_not_follow_is_named_and_one_that_died_is_not_waited_for(tmp_path):
    archive = dump(tmp_path / "Debian.zip", [record("DSA-1")])
    with serve(tmp_path, extra=COMMON) as server:
        worker = children(server.process.pid)[-1]
        wait(lambda: [each.pid for each in readers(server.data / "vulndb")] == [worker])
        os.kill(worker, signal.SIGSTOP)
        try:
            ended = run(server.data, "import", archive, "--wait", "0.3")
        finally:
            os.kill(worker, signal.SIGCONT)
        assert ended.result["workers_behind"] == [worker]
        assert str(worker) in ended.complaint
        server.kill()
    assert run(server.data, "import", archive).result["workers_behind"] == []
