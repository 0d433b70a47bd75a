"""The continuous scrub of a running server: bytes that changed on the disk become absent, and a push heals them."""

from entrepot.db.sqlite import connect
from tests.factories.layouts import image
from tests.factories.processes import serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

FLAGS = ("--workers", "1", "--scrub-days", "1")


def test_bytes_that_changed_on_the_disk_are_found_within_scrub_days_and_healed_by_a_push(tmp_path):
    content = image(111)
    layer, other = content.layers[0], content.config
    with serve(tmp_path, extra=FLAGS) as server:
        server.client().create_repository(repositoryName="scrubbed")
        Registry(server).push("scrubbed", content, "one")
    for blob in (layer, other):
        path = next((tmp_path / "data" / "blobs").rglob(f"{blob.digest.partition(':')[2]}.*"))
        path.write_bytes(b"?" * path.stat().st_size)  # of the same length: only the digest tells
    connection = connect(tmp_path / "data" / "entrepot.db")
    connection.execute("UPDATE blob SET verified_at = 0 WHERE digest = ?", (layer.digest,))
    connection.execute("UPDATE lease SET due_at = 0")
    connection.close()
    with serve(tmp_path, extra=FLAGS) as server:
        registry = Registry(server)
        wait(lambda: registry.request("HEAD", f"/v2/scrubbed/blobs/{layer.digest}").status == 404)
        assert registry.request("HEAD", f"/v2/scrubbed/blobs/{other.digest}").status == 200  # verified a moment ago
        registry.push("scrubbed", content, "one")
        assert registry.pull_blob("scrubbed", layer.digest) == layer.data
        assert entrepot("fsck", "--data", server.data).status == 1  # reads everything, and finds the other one
