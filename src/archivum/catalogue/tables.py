"""The catalogue's tables: a view of the journal and of what the AIPs say of themselves, and nothing else.

Times are texts as :func:`archivum.plain.instant` writes them, so that they sort and are the same in every
database; JSON is text in canonical form. Columns ending in ``_key`` and ``_folded`` are what is searched in
(:mod:`archivum.catalogue.rows`); the texts people gave stand beside them or in ``body``.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

# Counted up when a table changes: a catalogue made by another version is rebuilt, never converted.
LAYOUT: Final = 2

metadata: Final = MetaData()

# Ranges of identifiers are asked for; PostgreSQL sorts by the byte only where told to.
_UUID: Final = String(36).with_variant(String(36, collation="C"), "postgresql")


def _package() -> Column[Any]:
    # checked at the end of a transaction: a package's row is complete only after its records have been read
    known = ForeignKey("package.uuid", deferrable=True, initially="DEFERRED")
    return Column("uuid", _UUID, known, nullable=False)


applied: Final = Table(
    "applied",
    metadata,
    Column("layout", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", String(128), nullable=False),
)

event: Final = Table(
    "event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String(128), nullable=False),
    # two histories cannot both follow on one event
    Column("previous", String(128), nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("subject", _UUID, nullable=False),
    Column("at", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("event_subject", "subject", "seq"),
)

package: Final = Table(
    "package",
    metadata,
    Column("uuid", _UUID, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("producer", Text, nullable=False),
    Column("producer_key", Text, nullable=False),
    Column("producer_folded", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("package_id", Text, nullable=False),
    Column("package_key", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("profile", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("warnings", BigInteger, nullable=False),
    Column("indeterminate", BigInteger, nullable=False),
    Column("action", Text),
    Column("decided_at", Text),
    Column("decided_by", Text, nullable=False),
    Column("aip_files", BigInteger),
    Column("aip_size", BigInteger),
    Column("manifest", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("stamped_at", Text),
    Column("authority", Text, nullable=False),
    Column("trial", Boolean, nullable=False),
    Column("stored_at", Text),
    Column("access", Text, nullable=False),
    Column("described", Boolean, nullable=False),
    Column("scanned_at", Text),
    Column("infected", BigInteger, nullable=False),
    Index("package_sent", "package_key", "producer_key"),
    Index("package_received", "received_at"),
    Index("package_state", "state", "number"),
)

replica: Final = Table(
    "copy",
    metadata,
    _package(),
    Column("storage", String(255), nullable=False),
    Column("key", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("stored_at", Text, nullable=False),
    Column("checked_at", Text, nullable=False),
    Column("verified_at", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    PrimaryKeyConstraint("uuid", "storage"),
    Index("copy_verified", "verified_at"),
)

format_: Final = Table(
    "format",
    metadata,
    _package(),
    Column("number", Integer, nullable=False),
    Column("puid", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("valid", BigInteger, nullable=False),
    Column("well_formed", BigInteger, nullable=False),
    Column("faulty", BigInteger, nullable=False),
    Column("met", BigInteger, nullable=False),
    Column("unmet", BigInteger, nullable=False),
    PrimaryKeyConstraint("uuid", "number"),
    Index("format_puid", "puid", "uuid"),
)

record: Final = Table(
    "record",
    metadata,
    _package(),
    Column("number", Integer, nullable=False),
    Column("id_key", Text, nullable=False),
    Column("parent_key", Text),
    Column("level", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("title_folded", Text, nullable=False),
    Column("reference_key", Text, nullable=False),
    Column("classification", Text, nullable=False),
    Column("identifier_key", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("sign", Text, nullable=False),
    Column("years", Integer),
    Column("due_year", Integer),
    Column("date_from", Text, nullable=False),
    Column("date_to", Text, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("uuid", "number"),
    Index("record_id", "id_key"),
    Index("record_reference", "reference_key"),
    Index("record_identifier", "identifier_key"),
    Index("record_due", "due_year", "sign"),
)
