"""Hypothesis strategies for policies, requests and hostile documents, over few enough words that they often meet."""

import copy
import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from entrepot.policy.compiled import Policy
from entrepot.policy.document import parse
from entrepot.policy.evaluation import Policies, Request
from entrepot.policy.structure import Kind
from tests.factories.policies import (
    ACCOUNT,
    ALICE,
    ANONYMOUS,
    FEDERATED,
    OTHER,
    PULL,
    REPOSITORY,
    ROLE,
    ROOT,
    SERVICE,
    SESSION,
    in_account,
    request,
    text,
)

Tree = dict[str, Any]
_INVERSION = st.sampled_from((*[""] * 7, "Not"))
PRINCIPALS = (ROOT, *[ALICE, SESSION, FEDERATED] * 3, SERVICE, ANONYMOUS)
ACTIONS = ("*", "*", "ecr:*", "ecr:Batch*", "ECR:batch?etImage", PULL, "ecr:PutImage", "ecr:*Image")
RESOURCES = (
    "*",
    "*",
    "*",
    REPOSITORY,
    "arn:aws:ecr:*:repository/team/*",
    "arn:aws:ecr:*:repository/*/ap?",
    "arn:aws:ecr:us-east-1:444455556666:*",
    "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*",
    "arn:aws:ecr:*:*:repository/${aws:username, 'team'}/app",
)
NAMED: st.SearchStrategy[Any] = st.sampled_from(
    (
        "*",
        {"AWS": ACCOUNT},
        {"AWS": ROOT.arn},
        {"AWS": ALICE.arn},
        {"AWS": [ROLE, OTHER]},
        {"AWS": SESSION.arn},
        {"AWS": [FEDERATED.arn, ACCOUNT]},
        {"AWS": OTHER},
        {"Service": SERVICE.arn},
    )
)
STRANGERS: st.SearchStrategy[Any] = st.sampled_from(
    (
        {"AWS": "999999999999"},
        {"AWS": "arn:aws:iam::999999999999:root"},
        {"AWS": "arn:aws:iam::999999999999:user/staff/alice"},
        {"AWS": ["arn:aws:sts::999999999999:assumed-role/build/run-7", "AROASTRANGESTRANGE123"]},
        {"Service": "stranger.amazonaws.com"},
    )
)
CONDITIONS: tuple[Tree, ...] = (
    {"StringEquals": {"aws:PrincipalTag/team": "team"}},
    {"StringNotEquals": {"aws:PrincipalTag/team": ["team", "other"]}},
    {"StringLikeIfExists": {"aws:RequestTag/x": "t*"}},
    {"StringEquals": {"aws:RequestTag/x": "${aws:PrincipalTag/team}"}},
    {"StringNotLike": {"aws:RequestTag/x": "${aws:PrincipalTag/team}*"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.1"]}},
    {"Bool": {"aws:SecureTransport": "true"}},
    {"Null": {"aws:PrincipalTag/team": "true"}},
    {"DateLessThan": {"aws:CurrentTime": "2026-06-01T00:00:00Z"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "x"]}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": "t*"}},
    {"NumericGreaterThan": {"ecr:Count": "3"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}},
)
KEYS: dict[str, tuple[Any, ...]] = {
    "aws:PrincipalTag/team": ("team", "other", "*"),
    "aws:RequestTag/x": ("team", "t", "x"),
    "aws:SourceIp": ("10.1.2.3", "192.0.2.1", "2001:db8::1"),
    "aws:SecureTransport": ("true", "false"),
    "aws:CurrentTime": ("2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z"),
    "aws:TagKeys": ((), ("team",), ("team", "y"), ("y",)),
    "ecr:Count": ("3", "4"),
}


@cache  # strategies are made once: Hypothesis thinks long about each new one
def statements(
    *, effect: str | None = None, named: st.SearchStrategy[Any] | None = None, plain: bool = False
) -> st.SearchStrategy[Tree]:
    """A statement; `named` gives it principals, `plain` takes conditions and inversions away."""

    @st.composite
    def build(draw: st.DrawFn) -> Tree:
        chosen = effect or draw(st.sampled_from((*["Allow"] * 7, "Deny")))
        negate = "" if plain else draw(_INVERSION)
        tree: Tree = {"Effect": chosen, f"{negate}Action": draw(_some(ACTIONS))}
        negate = "" if plain else draw(_INVERSION)
        tree[f"{negate}Resource"] = draw(_some(RESOURCES))
        if named is not None:
            negate = "Not" if chosen == "Deny" and draw(st.booleans()) else ""
            tree[f"{negate}Principal"] = draw(named)
        if not plain and draw(st.sampled_from((False, False, True))):
            tree["Condition"] = draw(st.sampled_from(CONDITIONS))
        return tree

    return build()


@cache
def _some(words: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=2)


@cache
def documents(**kinds: Any) -> st.SearchStrategy[list[Tree]]:
    """The statements of one policy."""
    return st.lists(statements(**kinds), min_size=1, max_size=3)


@cache
def policy_sets() -> st.SearchStrategy[Tree]:
    """Every kind of policy that may have a say, as lists of statements: what `compiled` takes."""
    return st.fixed_dictionaries(
        {
            "identity": st.lists(documents(), max_size=3),
            "boundary": st.none() | st.none() | documents(),
            "session": st.none() | st.none() | st.lists(documents(), max_size=2),
            "service_control": st.just([]) | st.lists(st.lists(documents(), min_size=1, max_size=2), max_size=2),
            "resource": st.lists(documents(named=NAMED), max_size=2),
            "must_be_named": st.sampled_from((False, False, True)),
        }
    )


def compiled(trees: Tree, version: str = "2012-10-17") -> Policies:
    """The policies of such a set."""

    def one(tree: list[Tree], kind: Kind = Kind.IDENTITY) -> Policy:
        return Policy("p", parse(text(*tree, version=version), kind))

    return Policies(
        identity=tuple(map(one, trees["identity"])),
        boundary=None if trees["boundary"] is None else one(trees["boundary"]),
        session=None if trees["session"] is None else tuple(map(one, trees["session"])),
        service_control=tuple(tuple(map(one, level)) for level in trees["service_control"]),
        resource=tuple(one(tree, Kind.REPOSITORY) for tree in trees["resource"]),
        must_be_named=trees["must_be_named"],
    )


@cache
def contexts() -> st.SearchStrategy[dict[str, Any]]:
    """Condition keys of a request; each may be missing."""
    return st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in KEYS.items()})


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request of any principal, in its own account or another one."""
    principal = draw(st.sampled_from(PRINCIPALS))
    if principal.governed and draw(st.sampled_from((False, False, True))):
        principal = in_account(principal, OTHER)
    account = draw(st.sampled_from((ACCOUNT, ACCOUNT, ACCOUNT, OTHER)))
    action = draw(st.sampled_from((PULL, "ecr:PutImage")))
    return request(principal, action, REPOSITORY.replace(ACCOUNT, account), account, draw(contexts()))


@cache
def anything() -> st.SearchStrategy[Any]:
    """JSON values of all forms."""
    words = st.sampled_from(("Version", "Statement", "Effect", "Action", "Resource", "Condition", "Principal", "AWS"))
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=4),
    )


@st.composite
def broken_documents(draw: st.DrawFn) -> str:
    """A policy in which one value was replaced by something else, or a few characters of its text were."""
    tree = {"Version": "2012-10-17", "Id": "x", "Statement": copy.deepcopy(draw(documents(named=NAMED)))}
    if draw(st.booleans()):
        _replace(draw, tree)
    written = json.dumps(tree)
    if draw(st.booleans()):
        at = draw(st.integers(0, len(written)))
        written = written[:at] + draw(st.text(max_size=3)) + written[at + draw(st.integers(0, 3)) :]
    return written


def _replace(draw: st.DrawFn, tree: Any) -> None:
    """Put anything in one place, however deep."""
    while True:
        places = list(range(len(tree))) if isinstance(tree, list) else sorted(tree)
        place = draw(st.sampled_from(places))
        if not isinstance(tree[place], list | dict) or not tree[place] or draw(st.booleans()):
            tree[place] = draw(anything())
            return
        tree = tree[place]
