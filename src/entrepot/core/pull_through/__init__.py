"""The pull-through cache: repositories whose images come from an upstream registry when they are first pulled."""
