"""Alembic's scripts: the schema's history. Run by db/migrate.py; there is no alembic.ini."""
