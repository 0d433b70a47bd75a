"""Replication of images to other registries."""

from entrepot.errors.fact import Fact


class BackfillNotFound(Fact):
    """No backfill of the registry has this id, or it ended more than 90 days ago."""

    text = "The replication backfill with id '{id}' does not exist in the registry with id '{account}'"


class BackfillInProgress(Fact):
    """Images are being brought to this Region already."""

    text = (
        "The replication backfill with id '{id}' to the Region '{region}' is still in progress in the registry with id "
        "'{account}'; wait until it ends, or stop it"
    )


class BackfillStatusInvalid(Fact):
    """A backfill that has ended, or is ending, cannot be stopped."""

    text = "The replication backfill with id '{id}' cannot be stopped: its status is {status}"


class RepairNotFound(Fact):
    """No repair of the registry has this id, or it ended more than 90 days ago."""

    text = "The replication repair with id '{id}' does not exist in the registry with id '{account}'"
