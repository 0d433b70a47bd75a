"""What a hot pull spends on knowing who asks and deciding whether it may: microseconds, in this process, no network.

python -m benchmarks.callers
"""

import asyncio
import json
import tempfile
import time
import timeit
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from entrepot.core import access, identities, inline_policies, repositories, roles, session_drafts, sessions
from entrepot.core.access import Caller
from entrepot.core.credentials import Credentials
from entrepot.core.entities import ROLE, Draft
from entrepot.core.hot import Hot
from entrepot.core.principals import Principal, role_principal
from entrepot.core.repositories import RepositoryDraft
from entrepot.core.rights import Rights
from entrepot.db import migrate
from entrepot.db.sqlite import SqliteDatabase
from entrepot.policy.evaluation import Policies
from entrepot.seal import Seal
from entrepot.spec.repository import RegistryKey, RepositoryKey

ACCOUNT, REGION, NOW = "000000000000", "us-east-1", datetime.now(UTC)
KEY = RepositoryKey(RegistryKey("private", ACCOUNT, REGION), "team/app")
TURNS, SAMPLES = 4_000, 60
PULL: dict[str, object] = {"Effect": "Allow", "Action": "ecr:Batch*", "Resource": "arn:aws:ecr:*:*:repository/team/*"}


def document(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


TRUST = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})


class House:
    """An account with a repository and a role, and the caches of one event loop in one of its turns."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.database, self.seal = database, Seal(bytes(32))
        self.snapshot = database.snapshot()
        self.hot = Hot(self.snapshot, lambda _: None)
        self.credentials = Credentials(self.hot, self.snapshot, self.seal, lambda: NOW)
        fresh = identities.fresh_credentials(ACCOUNT)
        database.submit(lambda tx: identities.create_account(tx, self.seal, fresh, "bench", NOW)).result()
        self.root = database.read(lambda tx: identities.root_of(tx, ACCOUNT))
        self.write(repositories.create, KEY, RepositoryDraft())
        self.write(roles.create, Draft("ci", "AROABENCH"), TRUST, 3600)
        self.write(inline_policies.put, ROLE, "ci", "pull", document(PULL))

    def caller(self, principal: Principal, rights: Rights, request_id: str = "") -> Caller:
        """A request of this principal."""
        return Caller(principal, rights, REGION, "127.0.0.1", "bench", request_id, secure=False, door="oci", at=NOW)

    def write(self, work: Callable[..., object], *arguments: object) -> object:
        """Run a use case as the root."""
        who = self.caller(self.root, Rights(self.root.subject(), Policies()), str(uuid.uuid4()))
        return self.database.submit(lambda tx: work(tx, who, *arguments)).result()

    def session(self, policy: str = "") -> Principal:
        """A session of the role."""
        draft = session_drafts.Draft(*session_drafts.fresh_key(ACCOUNT), "run", policy=policy)
        made = self.write(sessions.assume, f"arn:aws:iam::{ACCOUNT}:role/ci", draft)
        assert isinstance(made, sessions.Session)
        return role_principal(ACCOUNT, "/ci", 0, made)


async def ask(house: House, token: str, times: int) -> None:
    """What stands between a request's head and its manifest."""
    credentials, hot = house.credentials, house.hot
    for _ in range(times):
        principal = await credentials.by_token(token)
        who = house.caller(principal, credentials.rights(principal))
        access.require(who, "BatchGetImage", hot.resource(KEY, hot.repository(KEY)))


def microseconds(house: House, principal: Principal) -> float:
    """CPU time of one question, the least of many samples: what else the machine does only ever adds."""
    token, _ = house.credentials.issue_token(principal, REGION)
    samples = timeit.repeat(
        lambda: asyncio.run(ask(house, token, TURNS)), number=1, repeat=SAMPLES, timer=time.process_time
    )
    return min(samples) / TURNS * 1e6


@contextmanager
def opened() -> Iterator[House]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "entrepot.db"
        migrate.upgrade(path)
        database = SqliteDatabase(path)
        house = House(database)
        yield house
        house.snapshot.close()
        database.close()


def main() -> None:
    with opened() as house:
        cases = {
            "the root's key": house.root,
            "a role's session": house.session(),
            "a session with a session policy": house.session(document(PULL)),
        }
        for name, principal in cases.items():
            print(f"{name:32} {microseconds(house, principal):6.2f} us")


if __name__ == "__main__":
    main()
