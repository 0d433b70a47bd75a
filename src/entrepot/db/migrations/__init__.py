"""Alembic's scripts: the schema's history. Run by db/open.py; there is no alembic.ini."""
