"""Rules whose upstream is a registry of ECR that is not of this deployment: the rule's role pulls, by the operator's
keys; the registry elsewhere is a real server of this project.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from entrepot.core.pull_through.measures import Measures
from entrepot.core.pull_through.routing import Route
from entrepot.core.pull_through.sources import Source, Sources
from entrepot.core.units import Units
from entrepot.db.pull_through_rules import ROOT, Rule
from entrepot.errors import UpstreamDenied, UpstreamLoginUnusable
from entrepot.outbound import Destinations, Outbound
from entrepot.outbound.signing import Keys
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RegistryKey
from tests.factories.core_database import CoreDatabase
from tests.factories.layouts import image
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.upstream_registries import Names

DOMAIN, THERE, REGION = "elsewhere.example", "000000000000", "us-east-1"
HOST = f"{THERE}.dkr.ecr.{REGION}.{DOMAIN}"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("elsewhere"), extra=["--workers", "1", "--domain", DOMAIN]) as running:
        running.client().create_repository(repositoryName="team/app")
        Registry(running).push("team/app", image(95), "v1")
        iam = running.client("iam")
        trust = statement("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{THERE}:root"})
        iam.create_role(RoleName="puller", AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName="puller", PolicyName="p", PolicyDocument=statement("ecr:*", Resource="*"))
        yield running


def statement(action: str, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **more}]})


async def source(path: Path, elsewhere: Server, role: str, keys: Keys | None) -> Source:
    """The upstream of a rule of an account of ours, of which this deployment has no row."""
    host = f"{HOST}:{elsewhere.port}"
    now = datetime.now(UTC)
    registry = RegistryKey("private", "111122223333", REGION)
    rule = Rule(registry, "ecr", "ecr", host, ROOT, "", role, timedelta(hours=24), now, now)
    outbound = Outbound(Destinations([HOST, f"api.ecr.{REGION}.{DOMAIN}"]), lookup=Names())
    core = CoreDatabase(path)
    try:
        with ThreadPoolExecutor(1) as pool:
            made = Sources(
                outbound,
                Units(core.database, pool),
                cast("Any", None),  # the vault, which holds secrets of other upstreams
                lambda: datetime.now(UTC),
                allowed=[(host, True)],
                measures=cast("Measures", None),
                keys=keys,
            )
            return await made.of(Route(rule, "team/app"), cast("Any", None))
    finally:
        core.close()


def keys_of(server: Server) -> Keys:
    return Keys(server.credentials.access_key_id, server.credentials.secret_access_key)


@pytest.mark.parametrize("role", ["", f"arn:aws:iam::{THERE}:role/puller"])
async def test_the_role_of_a_rule_pulls_from_ecr_elsewhere(tmp_path, elsewhere, role):
    upstream = await source(tmp_path, elsewhere, role, keys_of(elsewhere))
    assert await upstream.head(Tag("v1")) == image(95).digest


async def test_without_keys_of_the_operator_the_rule_says_so(tmp_path, elsewhere):
    with pytest.raises(UpstreamLoginUnusable, match="aws_credentials"):
        await source(tmp_path, elsewhere, "", None)


async def test_a_role_that_may_not_be_assumed_there_is_denied(tmp_path, elsewhere):
    with pytest.raises(UpstreamDenied):
        await source(tmp_path, elsewhere, f"arn:aws:iam::{THERE}:role/none", keys_of(elsewhere))
