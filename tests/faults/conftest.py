"""The fixtures of pull-through, which other folders have too."""

from tests.factories.pull_through import cache, hub

__all__ = ["cache", "hub"]
