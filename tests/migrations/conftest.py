"""Migrations run on both engines."""

from tests.factories.postgresql import postgresql

__all__ = ["postgresql"]
