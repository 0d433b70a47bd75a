"""Two deployments with data of their own: what is pushed to one comes to the other, as to a Region of its own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behaviour.identities import ACCOUNT
from tests.behaviour.looked_up import lookup
from tests.behaviour.replicated import There, replicating, rule, statuses
from tests.factories import peers
from tests.factories.layouts import contents, image, index, write_layout
from tests.factories.peers import AWAY, HOME, deployment, done
from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.factories.waiting import wait

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with deployment(tmp_path_factory.mktemp("there"), AWAY, tls=True) as server:
        yield server


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, there: Server) -> Iterator[Server]:
    trusted = {"ENTREPOT_OUTBOUND_CA": str(there.ca)}
    with deployment(tmp_path_factory.mktemp("here"), HOME, **trusted) as server:
        done(server, "peer", "key")
        peers.key(there)
        added = done(server, "peer", "add", "there", "--url", there.base_url, "--serves", AWAY, **trusted)
        assert added["key"] == peers.key(there)  # as its URL shows it
        done(there, "peer", "add", "here", "--url", server.base_url, "--key", peers.key(server), "--account", ACCOUNT)
        yield server


def test_what_skopeo_pushes_here_is_pulled_there(here: Server, there: Server, tmp_path: Path):
    made = image(4101, layers=3, size=300_000)
    layout = write_layout(made, tmp_path / "made", "made")
    here.client().create_repository(repositoryName="slice/app")
    policy = tmp_path / "policy.json"
    policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
    target = f"docker://{here.host}/slice/app:v1"
    command = ["skopeo", "--policy", str(policy), "copy", "--dest-tls-verify=false"]
    with replicating(here, rule("slice/")) as ecr:
        import subprocess

        subprocess.run(
            [*command, "--dest-creds", f"AWS:{here.token()}", f"oci:{layout}:made", target], check=True, timeout=60
        )
        There(there, "slice/app").comes_to((made.digest, "v1"))
        assert Registry(there).pull("slice/app", "v1") == contents(made)
        (status,) = statuses(ecr, "slice/app", imageTag="v1")
    assert status == {"region": AWAY, "registryId": ACCOUNT, "status": "COMPLETE"}
