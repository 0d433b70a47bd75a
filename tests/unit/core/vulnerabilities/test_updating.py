"""Updates from those who tell, on loopback: what is fetched, what is left alone, who fails and hinders nobody."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from entrepot.core.vulnerabilities import upstreams
from entrepot.core.vulnerabilities.asking import Rules
from entrepot.core.vulnerabilities.downloads import Costs
from entrepot.core.vulnerabilities.updating import Updated, Updating
from entrepot.core.vulnerabilities.upstreams import Kind, Upstream
from entrepot.db.vulnerability_generations import Generations
from entrepot.errors.scanning import VulnerabilityUpdateBusy
from entrepot.outbound import Bounds, Destinations, Outbound
from tests.factories.advisory_files import record
from tests.factories.origins import Origin, body, origin
from tests.factories.upstreams import Ecosystem, busy_first, conditional

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = Costs(file=Bounds(1 << 20, 20, 5), first_pause=0.01, longest_pause=0.02)
KEV = {
    "catalogVersion": "2025.08.25",
    "dateReleased": "2025-08-25T00:00:00Z",
    "vulnerabilities": [{"cveID": "CVE-2024-1", "dateAdded": "2024-02-01", "dueDate": "2024-03-01"}],
}


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Origin]:
    with origin(tmp_path / "origin", tls=False) as made:
        yield made


class Deployment:
    """A data directory whose time the test tells."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now = NOW

    async def update(
        self, *asked: Upstream, costs: Costs = SMALL, rules: Rules | None = None, force: bool = False
    ) -> Updated:
        self.now += timedelta(hours=1)
        with closing(Generations(self.directory)) as generations:
            return await Updating(
                generations=generations,
                directory=self.directory,
                outbound=Outbound(Destinations(["localhost"])),
                upstreams=asked,
                trusted=(),
                clock=lambda: self.now,
                progress=lambda _: None,
                force=force,
                costs=costs,
                rules=rules or Rules(),
            ).run()

    def records(self) -> dict[str, int]:
        with closing(Generations(self.directory)) as generations, generations.reading() as file:
            return {} if file is None else {each.name: each.records for each in file.sources()}

    def generation(self) -> int:
        with closing(Generations(self.directory)) as generations:
            return generations.generation()


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path / "vulndb")


@pytest.fixture
def debian(there: Origin) -> Ecosystem:
    made = Ecosystem(there, "Debian")
    made.put(*(at(f"DSA-{number}", number) for number in range(1, 21)))
    return made


def at(name: str, day: int, **fields: str) -> dict[str, object]:
    return {**record(name, package=name.lower(), **fields), "modified": f"2025-01-{day:02}T00:00:00Z"}


def of(kind: Kind, url: str) -> Upstream:
    return Upstream(kind, url)


def outcomes(done: Updated) -> Sequence[str]:
    return [each.outcome for each in done.told]


async def test_at_first_all_is_fetched_then_only_what_is_newer_then_nothing(deployment, debian, there):
    osv = of("osv", debian.url)
    first = await deployment.update(osv)
    assert outcomes(first) == ["taken"]
    assert deployment.records() == {"Debian": 20}
    assert there.paths() == ["/Debian/modified_id.csv", "/Debian/all.zip"]

    debian.put(at("DSA-3", 25, fixed="9"), at("DSA-21", 25))
    there.asked.clear()
    second = await deployment.update(osv)
    assert sorted(there.paths()) == ["/Debian/DSA-21.json", "/Debian/DSA-3.json", "/Debian/modified_id.csv"]
    assert deployment.records() == {"Debian": 21}
    ((brought,),) = [each.brought for each in second.told]
    assert (brought.counts.added, brought.counts.changed, brought.source) == (1, 1, "Debian")
    assert second.changed == 2

    there.asked.clear()
    third = await deployment.update(osv)
    assert (outcomes(third), third.generation) == (["same"], 0)
    assert there.paths() == ["/Debian/modified_id.csv"]
    assert deployment.generation() == second.generation


async def test_of_records_of_one_moment_none_is_missed_and_none_fetched_twice(deployment, debian, there):
    await deployment.update(of("osv", debian.url))
    debian.put(at("DSA-22", 20))
    there.asked.clear()
    await deployment.update(of("osv", debian.url))
    assert "/Debian/DSA-22.json" in there.paths()
    assert "/Debian/DSA-20.json" not in there.paths()
    assert deployment.records() == {"Debian": 21}
    assert outcomes(await deployment.update(of("osv", debian.url))) == ["same"]


async def test_when_much_is_new_all_is_fetched_and_what_is_gone_goes(deployment, debian, there):
    await deployment.update(of("osv", debian.url))
    del debian.records["DSA-7"]
    debian.put(*(at(f"DSA-{number}", 27) for number in range(30, 40)))
    there.asked.clear()
    await deployment.update(of("osv", debian.url), rules=Rules(few_records=1))
    assert there.paths() == ["/Debian/modified_id.csv", "/Debian/all.zip"]
    assert deployment.records() == {"Debian": 29}


async def test_all_is_fetched_again_after_a_week_if_it_is_another(deployment, debian, there):
    osv = of("osv", debian.url)
    await deployment.update(osv)
    deployment.now += timedelta(days=8)
    there.asked.clear()
    assert outcomes(await deployment.update(osv)) == ["same"]
    assert there.paths() == ["/Debian/modified_id.csv", "/Debian/all.zip"]
    del debian.records["DSA-7"]
    debian.put()
    assert outcomes(await deployment.update(osv)) == ["taken"]
    assert deployment.records() == {"Debian": 19}


async def test_a_list_that_is_ahead_of_its_archive_loses_nothing(deployment, debian, there):
    old = there.answers["/Debian/all.zip"]
    debian.put(at("DSA-50", 28))
    there.answers["/Debian/all.zip"], new = old, there.answers["/Debian/all.zip"]
    await deployment.update(of("osv", debian.url))
    assert deployment.records() == {"Debian": 20}
    assert outcomes(await deployment.update(of("osv", debian.url))) == ["same"]
    there.answers["/Debian/all.zip"] = new
    await deployment.update(of("osv", debian.url))
    assert deployment.records() == {"Debian": 21}


async def test_a_mirror_without_a_list_is_asked_for_the_archive(deployment, debian, there):
    del there.answers["/Debian/modified_id.csv"]
    assert outcomes(await deployment.update(of("osv", debian.url))) == ["taken"]
    assert outcomes(await deployment.update(of("osv", debian.url))) == ["same"]


@pytest.mark.parametrize(
    "listing", [b"2026-01-01T00:00:00Z,A\n2026-01-02T00:00:00Z,B\n", b"yesterday,A\n", b"<html>", b"2026-01-01,../x\n"]
)
async def test_a_list_that_is_none_is_told_and_changes_nothing(deployment, debian, there, listing):
    await deployment.update(of("osv", debian.url))
    before = deployment.generation()
    there.answers["/Debian/modified_id.csv"] = body(listing)
    (told,) = (await deployment.update(of("osv", debian.url))).told
    assert told.outcome == "failed"
    assert "list of what was modified" in told.reason
    assert deployment.generation() == before


async def test_a_record_that_is_gone_meanwhile_is_left_out_and_malicious_ones_are_not_fetched(
    deployment, debian, there
):
    await deployment.update(of("osv", debian.url))
    debian.put(at("DSA-60", 28), at("DSA-61", 28), at("MAL-2025-1", 29))
    del there.answers["/Debian/DSA-60.json"]
    assert outcomes(await deployment.update(of("osv", debian.url))) == ["taken"]
    assert deployment.records() == {"Debian": 21}
    assert "/Debian/MAL-2025-1.json" not in there.paths()


async def test_who_fails_is_told_and_hinders_nobody(deployment, debian, there):
    there.answers |= {
        "/kev.json": conditional(json.dumps(KEV).encode()),
        "/none.json": body(b"", 404),
        "/odd.zip": body(b"PK\x03\x04 no zip"),
        "/odd.txt": body(b"odd"),
        "/cut.csv.gz": body(gzip.compress(b"#model_version:v1,score_date:2025-01-01\ncve,epss,percentile\n" * 99)[:-9]),
    }
    files = [
        of("file", there.url(f"/{name}")) for name in ("kev.json", "none.json", "odd.zip", "odd.txt", "cut.csv.gz")
    ]
    done = await deployment.update(*files, of("osv", debian.url), of("osv", "http://127.0.0.1:1/x"))
    assert outcomes(done) == ["taken", "failed", "failed", "failed", "failed", "taken", "failed"]
    assert all(each.reason for each in done.told if each.outcome == "failed")
    assert deployment.records() == {"Debian": 20, "CISA KEV": 1}
    state = upstreams.noted(deployment.directory)
    assert [bool(state[each.upstream.name].fault) for each in done.told] == [
        each.outcome == "failed" for each in done.told
    ]
    again = await deployment.update(*files)
    assert outcomes(again)[0] == "same"


async def test_a_file_of_a_server_without_conditions_is_taken_once(deployment, there):
    there.answers["/kev.json"] = body(json.dumps(KEV).encode())
    url = of("file", there.url("/kev.json"))
    assert outcomes(await deployment.update(url)) == ["taken"]
    assert outcomes(await deployment.update(url)) == ["same"]


async def test_what_was_taken_is_fetched_again_when_the_database_lacks_it(deployment, debian):
    await deployment.update(of("osv", debian.url))
    for file in deployment.directory.glob("*.db"):
        file.unlink()
    (deployment.directory / "current").unlink()
    assert outcomes(await deployment.update(of("osv", debian.url))) == ["taken"]
    assert deployment.records() == {"Debian": 20}


@pytest.mark.parametrize(("status", "header"), [(429, "0"), (503, "99999999"), (503, "never"), (500, ""), (503, "1")])
async def test_a_server_that_is_busy_is_asked_again(deployment, debian, there, status, header):
    there.answers["/Debian/all.zip"] = busy_first(2, there.answers["/Debian/all.zip"], status, Retry_After=header)
    assert outcomes(await deployment.update(of("osv", debian.url))) == ["taken"]
    assert there.paths().count("/Debian/all.zip") == 3


async def test_a_server_that_stays_busy_is_given_up(deployment, debian, there):
    there.answers["/Debian/all.zip"] = body(b"", 429, Retry_After="0")
    (told,) = (await deployment.update(of("osv", debian.url))).told
    assert (told.outcome, "429" in told.reason) == ("failed", True)
    assert there.paths().count("/Debian/all.zip") == SMALL.attempts


async def test_a_download_that_breaks_off_is_tried_again_and_then_told(deployment, debian, there):
    whole = there.answers["/Debian/all.zip"]
    cut = body(b"PK\x03\x04" + b"x" * 100, Content_Length="5000", Connection="close")
    there.answers["/Debian/all.zip"] = cut
    (told,) = (await deployment.update(of("osv", debian.url))).told
    assert told.outcome == "failed"
    assert there.paths().count("/Debian/all.zip") == SMALL.attempts
    assert deployment.generation() == 0
    there.answers["/Debian/all.zip"] = whole
    assert outcomes(await deployment.update(of("osv", debian.url))) == ["taken"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_that_is_too_large_is_not_taken(deployment, there, announced):
    def answer(handler) -> None:
        handler.send_response(200)
        if announced:
            handler.send_header("Content-Length", str(SMALL.file.most_bytes + 1))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(b"x" * (SMALL.file.most_bytes + 1))

    there.answers["/large.json"] = answer
    (told,) = (await deployment.update(of("file", there.url("/large.json")))).told
    assert "more than 1048576 bytes" in told.reason
    assert there.paths() == ["/large.json"]


async def test_a_server_that_says_nothing_more_is_given_up(deployment, there):
    def answer(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"x")
        handler.wfile.flush()
        there.closing.wait(20)

    there.answers["/slow.json"] = answer
    costs = Costs(file=Bounds(1000, 5, 0.1), attempts=2, first_pause=0.01)
    (told,) = (await deployment.update(of("file", there.url("/slow.json")), costs=costs)).told
    assert "0.1 seconds" in told.reason


async def test_a_damaged_archive_keeps_what_was_there(deployment, debian, there):
    await deployment.update(of("osv", debian.url))
    for number in range(1, 15):
        del debian.records[f"DSA-{number}"]
    debian.put()
    deployment.now += timedelta(days=8)
    (told,) = (await deployment.update(of("osv", debian.url))).told
    assert (told.outcome, "shrink" in told.reason) == ("failed", True)
    assert deployment.records() == {"Debian": 20}
    assert outcomes(await deployment.update(of("osv", debian.url), force=True)) == ["taken"]
    assert deployment.records() == {"Debian": 6}


UPDATEINFO = b"""<updates><update type="security"><id>ALAS2023-2025-001</id><title>t</title>
<issued date="2025-01-01 00:00"/><updated date="2025-01-02 00:00"/><severity>medium</severity>
<references><reference id="CVE-2025-1" type="cve" href="https://example.com/"/></references>
<pkglist><collection><package name="p" version="1" release="1.amzn2023" epoch="0" arch="x86_64"/></collection></pkglist>
</update></updates>"""


async def test_a_repository_of_packages_is_asked_by_its_list_of_mirrors(deployment, there):
    packed = gzip.compress(UPDATEINFO, mtime=0)
    checksum = hashlib.sha256(packed).hexdigest()
    repomd = (
        '<repomd><data type="primary"><location href="p"/></data><data type="updateinfo">'
        '<checksum type="sha256">{}</checksum><location href="repodata/updateinfo.xml.gz"/></data></repomd>'
    )
    there.answers |= {
        "/latest/mirror.list": body(f"{there.url('/base')}\n".encode()),
        "/base/repodata/repomd.xml": body(repomd.format(checksum).encode()),
        "/base/repodata/updateinfo.xml.gz": body(packed),
    }
    yum = of("yum", there.url("/latest/mirror.list"))
    assert outcomes(await deployment.update(yum)) == ["taken"]
    assert deployment.records() == {"Amazon Linux:2023": 1}
    there.asked.clear()
    assert outcomes(await deployment.update(yum)) == ["same"]
    assert "/base/repodata/updateinfo.xml.gz" not in there.paths()
    there.answers["/base/repodata/repomd.xml"] = body(repomd.format("0" * 64).encode())
    there.answers["/base/repodata/updateinfo.xml.gz"] = body(gzip.compress(UPDATEINFO + b"\n", mtime=0))
    (told,) = (await deployment.update(yum)).told
    assert "checksum" in told.reason


async def test_one_updates_at_a_time_and_leaves_nothing_behind(deployment, debian):
    with upstreams.room(deployment.directory), pytest.raises(VulnerabilityUpdateBusy):
        await deployment.update(of("osv", debian.url))
    assert outcomes(await deployment.update(of("osv", debian.url))) == ["taken"]
    left = {each.name for each in deployment.directory.iterdir()}
    assert left == {f"{deployment.generation()}.db", "current", "import.lock", "update.json", "update.lock"}


async def test_a_state_that_cannot_be_read_only_costs_a_download(deployment, debian):
    await deployment.update(of("osv", debian.url))
    (deployment.directory / "update.json").write_text("{")
    assert outcomes(await deployment.update(of("osv", debian.url))) == ["taken"]
