"""What was decided, and why: for the sentence that a denied caller reads, and for who asks which statement it was."""

from typing import Literal

import msgspec

PolicyKind = Literal[
    "identity-based policy", "resource-based policy", "permissions boundary", "session policy", "service control policy"
]
Cause = Literal["allowed", "denied", "not allowed"]


class Reason(msgspec.Struct, frozen=True):
    """Why: `allowed` or `denied` by a statement of the policy `policy`, or `not allowed` by any policy of this kind.

    An account's root is allowed by being root: the kind is identity-based, and no policy is named. `statement` counts
    from 0.
    """

    cause: Cause
    kind: PolicyKind
    policy: str = ""
    statement: int | None = None
    sid: str = ""

    def clause(self, action: str) -> str:
        """The end of the sentence of a denial."""
        if self.cause == "denied":
            article = "an" if self.kind == "identity-based policy" else "a"
            return f"with an explicit deny in {article} {self.kind}"
        return f"because no {self.kind} allows the {action} action"


class Decision(msgspec.Struct, frozen=True):
    """The answer, and the condition keys (lower case) that were read for it, present or not.

    The same principal, action and resource with the same values of these keys are answered the same way.
    """

    allowed: bool
    reason: Reason
    read: frozenset[str]
    principal: str
    action: str
    resource: str

    def sentence(self) -> str:
        """What a denied caller is told."""
        return (
            f"User: {self.principal} is not authorized to perform: {self.action} on resource: {self.resource} "
            f"{self.reason.clause(self.action)}"
        )
