"""Replication: images that are pushed to a private registry come to others too (ECR user guide, "Private image
replication").

    rules          which registries images go to
    arriving       one manifest at its destination, by rows alone: one deployment has one store
    leaving        what was deleted at the source, at a destination
    engine         the job that does what waits, in order, again where it failed
    statuses       how the copies of images stand
    backfills      images that were there before the rule was; `backfilling` is their job

A step is not a command but a place to look: in one transaction it has the destination be, in one image and one tag,
what the source is at that moment. So it does not matter how often a step is done, when, or in which order: none is lost
by another.
"""
