"""Users, groups, roles, policies and what else an account's identities are made of. The sentences are AWS's."""

from entrepot.errors.fact import Fact


class EntityNotFound(Fact):
    """No such user, group, role or thing of theirs (`entity`: `The user with name alice`)."""

    text = "{entity} cannot be found."


class EntityAlreadyExists(Fact):
    """Its name is taken, whatever the case (`entity`: `User with name alice`)."""

    text = "{entity} already exists."


class EntityInUse(Fact):
    """What is to be removed still holds something (`first`: what must be done before)."""

    text = "Cannot delete entity, must {first} first."


class EntityProtected(Fact):
    """A service-linked role: only its service changes it."""

    text = "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"


class IdentityInputInvalid(Fact):
    """A value that the operation cannot take (`reason`)."""


class QuotaExceeded(Fact):
    """More of something than one account, user, group, role or policy may have."""

    text = "Cannot exceed quota for {quota}: {limit}"


class ManagedPolicyNotFound(Fact):
    """No such managed policy in the account, nor among AWS's own."""

    text = "Policy {arn} does not exist or is not attachable."


class ManagedPolicyReserved(Fact):
    """A policy that only service-linked roles have."""

    text = "Policy {arn} belongs to a service-linked role and cannot be attached to any other identity."


class ManagedPolicyInUse(Fact):
    """A policy that is attached, bounds someone, or has other versions (`reason`)."""


class PolicyVersionsTooMany(Fact):
    """A managed policy has as many versions as it may have."""

    text = (
        "A managed policy can have up to {limit} versions. Before you create a new version, you must delete an "
        "existing version."
    )


class PasswordRefused(Fact):
    """A password that may not be used (`reason`)."""


class PasswordsForUsersOnly(Fact):
    """Someone who is no user of IAM asked to change a password."""

    text = "Only IAM Users can change their own password."


class MfaCodeWrong(Fact):
    """Not two consecutive codes of the device."""

    text = "Authentication code for device is not valid."


class CredentialReportMissing(Fact):
    """No report has been made yet."""

    text = "No report has been generated. Call GenerateCredentialReport first."


class CredentialReportExpired(Fact):
    """The last report is too old."""

    text = "The credential report is older than {hours} hours. Call GenerateCredentialReport again."
