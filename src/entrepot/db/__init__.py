"""Metadata: schema, migrations and queries, on SQLite and PostgreSQL. Only this package imports SQLAlchemy."""
