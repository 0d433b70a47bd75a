"""Runs all cases against one server: arranged, denied, done, seen, seen after a kill and a restart, undone, gone."""

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from entrepot.core.permissions import OPERATIONS
from tests.effects.case import ACCOUNT, AS_BEFORE, Case, Part, Place
from tests.factories.processes import Credentials, Server, create_account, running, serve
from tests.factories.pull_through import settings_for, upstream

REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"),
    *("eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "ap-south-1", "ap-south-2", "ap-east-1", "sa-east-1"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"),
    *("ap-southeast-4", "ca-central-1", "ca-west-1", "me-south-1", "me-central-1", "af-south-1", "il-central-1"),
)
SETTINGS = {"ENTREPOT_REGIONS": ",".join(REGIONS), "ENTREPOT_ARCHIVE_RESTORE_SECONDS": "0.1"}
DENIED = "AccessDeniedException"


class Run:
    """All cases of a service, each with what went wrong with it."""

    def __init__(self, folder: Path, cases: Sequence[Case]) -> None:
        self.faults: dict[Case, Exception] = {}
        with contextlib.ExitStack() as held:
            self._hub = held.enter_context(upstream(folder))
            self._settings = SETTINGS | settings_for(self._hub.host)
            server = held.enter_context(serve(folder, environment=self._settings, extra=("--role", "api")))
            self._regions = iter(REGIONS[1:])
            self._accounts = iter(range(700_000_000_000, 700_000_000_999))
            steps = {case: _Steps(case, self._place(case, server)) for case in cases}
            self._each({case: each for case, each in steps.items() if case.early}, _Steps.done)
            self._restart(held, server, folder)
            self._each({case: each for case, each in steps.items() if not case.early}, _Steps.done)
            self._restart(held, server, folder)
            self._each(steps, _Steps.still_there)
            self._each({case: each for case, each in steps.items() if not case.stays}, _Steps.undone)

    def _restart(self, held: contextlib.ExitStack, server: Server, folder: Path) -> None:
        """What serves now is killed; over the same data, at the same place, a whole server starts."""
        (running[-1] if running else server).kill()
        held.enter_context(serve(folder, environment=self._settings, port=server.port))

    def check(self) -> None:
        """Raise all that went wrong."""
        for case, fault in self.faults.items():
            fault.add_note(f"in the case of {case.service} {case.operation}")
        if self.faults:
            raise ExceptionGroup("operations without their effect", list(self.faults.values()))

    def _each(self, steps: Mapping[Case, "_Steps"], step: Callable[["_Steps"], None]) -> None:
        for case, each in steps.items():
            if case not in self.faults:
                try:
                    step(each)
                except Exception as fault:  # noqa: BLE001 - kept for the test of this case; the others go on
                    self.faults[case] = fault

    def _place(self, case: Case, server: Server) -> Place:
        region, account, keys = REGIONS[0], ACCOUNT, server.credentials
        if case.apart and case.service == "ecr":
            region = next(self._regions)
        elif case.apart:
            account = str(next(self._accounts))
            keys = create_account(server, account)
        user = _user(server.client("iam", credentials=keys), case)
        name = f"effects/{case.operation.lower()}"
        return Place(server, case.service, case.operation, name, region, account, keys, user, self._hub)


class _Steps:
    """One case on its way."""

    def __init__(self, case: Case, place: Place) -> None:
        self.case, self.place = case, place
        self.before: object = None
        self.after: object = None

    def done(self) -> None:
        """From nothing to what is seen through something else; who may not, cannot."""
        case, place = self.case, self.place
        case.arrange(place)
        if case.by == "look":
            self._is_denied(case.look)
            self._allow()
        self.before = self._look()
        if case.by == "do":
            self._is_denied(case.do)
            assert self._look() == self.before, "what was denied has had an effect"
            self._allow()
        place.called.clear()
        place.answer = case.do(place)
        doing = list(place.called)
        place.called.clear()
        self.after = self._look()
        looking = list(place.called)
        assert self.after != self.before, f"nothing changed: {self.after}"
        own, other = (doing, looking) if case.by == "do" else (looking, doing)
        assert case.operation in own
        assert set(other) - {case.operation}, "it is seen through itself only"

    def still_there(self) -> None:
        """After the server was killed and has started again."""
        assert self._look() == self.after

    def undone(self) -> None:
        """Gone, once it is undone."""
        self.case.undo(self.place)
        gone = self.before if self.case.gone is AS_BEFORE else self.case.gone
        assert self._look() == gone

    def _look(self) -> object:
        code, seen = _outcome(self.case.look, self.place)
        assert code != DENIED
        return code or seen

    def _is_denied(self, part: Part) -> None:
        code, _ = _outcome(part, self.place)
        assert code == DENIED, f"a user without rights was let through, or told {code}"

    def _allow(self) -> None:
        needs = OPERATIONS[self.case.service][self.case.operation]
        _may(self.place.client("iam"), self.case, *(each.action for each in needs))


def _outcome(part: Part, place: Place) -> tuple[str, object]:
    """The code of a refusal, or '' with what came of it."""
    try:
        return "", part(place)
    except ClientError as refused:
        return str(refused.response["Error"]["Code"]), None


def _user(iam: Any, case: Case) -> Credentials:
    iam.create_user(UserName=_name(case))
    made = iam.create_access_key(UserName=_name(case))["AccessKey"]
    if case.also:
        _may(iam, case)
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


def _may(iam: Any, case: Case, *actions: str) -> None:
    statement = {"Effect": "Allow", "Action": [*case.also, *actions], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=_name(case), PolicyName="p", PolicyDocument=document)


def _name(case: Case) -> str:
    return f"{case.service}-{case.operation}"
