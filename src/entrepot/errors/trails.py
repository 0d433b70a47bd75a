"""What is wrong with trails and their buckets, selectors and tags. The sentences are AWS's where theirs are known."""

from entrepot.errors.fact import Fact


class TrailNotFound(Fact):
    """No such trail in the account and region."""

    text = "Unknown trail: {name} for the user: {account}"


class TrailAlreadyExists(Fact):
    """Its name is taken in this region."""

    text = "Trail {name} already exists for customer: {account}"


class TrailsTooMany(Fact):
    """As many trails as a region may have."""

    text = "User: {account} already has {limit} trails in {region}."


class TrailNameInvalid(Fact):
    """A text that names no trail (`reason`)."""


class TrailArnInvalid(Fact):
    """An ARN that is none of a trail."""

    text = "{arn} is not an ARN of a trail, such as arn:aws:cloudtrail:us-east-2:123456789012:trail/MyTrail"


class TrailElsewhere(Fact):
    """A trail is changed in its home region only."""

    text = "The trail {name} belongs to {home}, and is changed there only."


class TrailBusy(Fact):
    """Logging was started and stopped too often for what happened meanwhile to be delivered."""

    text = "Logging of the trail {name} has been started and stopped too often; wait a few minutes, and try again."


class TrailFeatureUnsupported(Fact):
    """Something that trails here do not do."""

    text = "{feature} is not supported here: trails deliver to a bucket, and nowhere else."


class OrganizationsAbsent(Fact):
    """There are no organizations here."""

    text = "Your account is not a member of an organization."


class BucketNameInvalid(Fact):
    """A text that names no bucket."""

    text = "Bucket name is not valid: {name}"


class BucketPrefixInvalid(Fact):
    """A prefix of keys that cannot be (`reason`)."""

    text = "S3 prefix is not valid: {reason}"


class BucketNotFound(Fact):
    """The bucket does not exist at the operator's endpoint."""

    text = "S3 bucket {name} does not exist!"


class BucketNotWritable(Fact):
    """Files cannot be stored in the bucket."""

    text = "Incorrect S3 bucket policy is detected for bucket: {name}"


class EventSelectorsInvalid(Fact):
    """Selectors that a trail cannot have (`reason`)."""


class InsightsNotEnabled(Fact):
    """There are no insights here."""

    text = (
        "Trail {name} does not have Insights enabled. Edit the trail settings to enable Insights, and then try the "
        "operation again."
    )


class InsightSourceUnclear(Fact):
    """Neither one trail nor one event data store."""

    text = "You must specify either a trail name or an event data store, and not both."


class TaggedResourceNotFound(Fact):
    """Nothing of this ARN has tags."""

    text = "{arn} is not found"


class TaggedResourceUnsupported(Fact):
    """An ARN of something else than a trail."""

    text = "{arn} is not an ARN of a trail, and nothing else has tags here"


class TrailTagsTooMany(Fact):
    """More tags than a trail may have."""

    text = "A trail may have {limit} tags at most."


class KeyTimesReversed(Fact):
    """A range of times that ends before it begins."""

    text = "Start time must be before end time."
