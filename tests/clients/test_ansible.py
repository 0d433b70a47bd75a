"""Ansible's modules for IAM and ECR, unmodified: a team is made, is there the second time, works, and is taken away."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.workplace import Workplace
from tests.factories.layouts import image
from tests.factories.processes import Credentials
from tests.factories.registry import Registry

ROOT = Path(__file__).parents[2]
PLAYBOOK = ROOT / "build" / "ansible" / "bin" / "ansible-playbook"  # `make build/ansible/ready`
PLAYS = Path(__file__).parent / "ansible"
TASKS = 7


@pytest.fixture
def workplace(plain_server: Any, tmp_path: Path) -> Workplace:
    return Workplace(plain_server, tmp_path, "clients/ansible")


def play(workplace: Workplace, name: str, team: str) -> dict[str, int]:
    """Run a playbook; how many of its tasks ended how."""
    said = workplace.run(
        PLAYBOOK,
        "-i",
        "localhost,",
        "-e",
        json.dumps({"team": team, "ansible_python_interpreter": str(PLAYBOOK.with_name("python"))}),
        PLAYS / name,
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.json",
        ANSIBLE_LOCALHOST_WARNING="false",
        ANSIBLE_DEPRECATION_WARNINGS="false",
        ANSIBLE_HOME=str(workplace.path / "ansible"),
    )
    stats: dict[str, int] = json.loads(said[said.index("{") :])["stats"]["localhost"]
    return stats


def test_a_team_is_made_once_works_and_is_taken_away_once(workplace: Workplace):
    server, team = workplace.server, "blue"
    iam = server.client("iam")
    assert play(workplace, "present.yml", team)["changed"] == TASKS
    assert play(workplace, "present.yml", team)["changed"] == 0
    made = iam.create_access_key(UserName=f"{team}-ann")["AccessKey"]
    keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    ann, pushed = Registry(server, server.token(keys)), image(1)
    ann.push(f"{team}/app", pushed, "v1")
    assert pushed.digest in ann.pull(f"{team}/app", "v1")
    assert ann.request("GET", "/v2/red/app/tags/list").status == 403
    assert play(workplace, "absent.yml", team)["changed"] == TASKS - 1  # the user's own policy goes with the user
    assert play(workplace, "absent.yml", team)["changed"] == 0
    assert ann.request("GET", "/v2/").status == 401
