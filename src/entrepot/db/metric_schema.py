"""The tables of the metrics' database, drawn once: `metric_series ── metric_point`, `metric_gauge`, `metric_journal`.

What is added here may be much, and no push waits for it. Conventions are those of db/schema.py; values are floating
point, as CloudWatch's are. Names do not repeat those of other databases: all may share one in PostgreSQL.
"""

from sqlalchemy import BigInteger, Column, Double, Index, LargeBinary, MetaData, PrimaryKeyConstraint, Table

from entrepot.db import conventions
from entrepot.db.conventions import Text

metadata = MetaData(naming_convention=conventions.metadata.naming_convention)

metric_series = Table(  # the points of a metric that came with one unit
    "metric_series",
    metadata,
    Column("id", Text, primary_key=True),  # made of metric_id and unit (core/metrics/points.py)
    Column("metric_id", Text, nullable=False, index=True),  # made of the five columns that follow
    Column("account_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("dimensions", Text, nullable=False),  # JSON: [[name, value], ...] by name
    Column("unit", Text, nullable=False),
    Column("hold", BigInteger, nullable=False),  # seconds for which a point says how things stay; 0: it was a moment
    Column("last_at", BigInteger, nullable=False),  # of its newest point
)
Index(
    "ix_metric_series_listing",
    metric_series.c.account_id,
    metric_series.c.region,
    metric_series.c.namespace,
    metric_series.c.name,
    metric_series.c.metric_id,
)

metric_point = Table(
    "metric_point",
    metadata,
    Column("series_id", Text, nullable=False),
    Column("resolution", BigInteger, nullable=False),  # seconds: 1 | 60 | 300 | 3600
    Column("at", BigInteger, nullable=False),  # when these seconds begin
    Column("samples", Double, nullable=False),
    Column("total", Double, nullable=False),
    Column("minimum", Double, nullable=False),
    Column("maximum", Double, nullable=False),
    Column("sketch", LargeBinary),  # how the values lie (metrics/sketches.py); NULL: all alike, or not known
    PrimaryKeyConstraint("series_id", "resolution", "at"),
    sqlite_with_rowid=False,
)

metric_gauge = Table(  # what has been told of how things stand, and is told again when that changes, or is old
    "metric_gauge",
    metadata,
    Column("subject", Text, primary_key=True),  # the id of a repository; <account>/<region> for a registry
    Column("name", Text, nullable=False),  # JSON: [account, region, kind, name]
    Column("revision", BigInteger, nullable=False),  # of the repository; of a registry how many it has
    Column("told_at", BigInteger, nullable=False),  # when all of it was told, also what costs much to count
)

metric_journal = Table(
    "metric_journal",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("offset", BigInteger, nullable=False),  # bytes folded into this database
)
