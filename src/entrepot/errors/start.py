"""Why a server does not start, or a command does not run. No door answers with these: they are for the terminal."""

from entrepot.errors.fact import Fact


class StartRefused(Fact):
    """The root of this module's facts."""


class SettingsInvalid(StartRefused):
    """Settings that cannot be used, all faults together (`faults`: one line each)."""

    text = "these settings cannot be used:\n{faults}"


class SettingsDiffer(StartRefused):
    """Another server runs over the same data with other settings."""

    text = (
        "another server runs over {data} with {name} = {theirs}, this one has {name} = {ours}; "
        "servers over the same data must agree on it"
    )


class PortTaken(StartRefused):
    """Somebody else listens there."""

    text = "{host} port {port} is taken by another program; choose another one with --port"


class AddressUnavailable(StartRefused):
    """The address to listen on is not one of this machine's."""

    text = "cannot listen on {host}: {reason}"


class DataDirectoryUnwritable(StartRefused):
    """The data directory cannot be made or written to."""

    text = "the data directory {data} cannot be written to: {reason}"


class VolumeFull(StartRefused):
    """There is no room for what a start must write."""

    text = "the volume of {data} is full; make room there, then start again: nothing that was stored is lost"


class CertificateInvalid(StartRefused):
    """A TLS certificate and key that cannot be used."""

    text = "the certificate {certificate} cannot be used with the key {key}: {reason}"


class AuthoritiesInvalid(StartRefused):
    """A file of authorities that cannot be used."""

    text = "outbound_ca: {path} holds no certificates that can be used: {reason}"


class AwsCredentialsUnusable(StartRefused):
    """A shared credentials file without a profile that can sign."""

    text = "{setting}: {path} has no keys in a profile `default` that can be read: {reason}"


class SecretUnusable(StartRefused):
    """A file with a secret that cannot be used."""

    text = "{name}: {path} holds no secret that can be used: {reason}"


class DatabaseUnreadable(StartRefused):
    """The file is no database, or cannot be opened."""

    text = "the database {path} cannot be used: {reason}"


class SchemaNewer(StartRefused):
    """The data was written by a newer version."""

    text = "the database has schema {found}, newer than the {known} that this version knows; install the newer version"


class SchemaOlder(StartRefused):
    """The data was written by an older version, and this command does not upgrade it."""

    text = "the database has schema {found}, this version needs {known}; run `entrepot db upgrade` or start the server"


class DataMissing(StartRefused):
    """A command was pointed at a directory that no server has used."""

    text = "{data} holds no data of entrepot; start a server with --data {data} first, or name another directory"


class MasterKeyWrong(StartRefused):
    """The master key is another than the one that sealed the secrets of this data."""

    text = (
        "the master key {path} is not the one that this data was sealed with ({reason}); "
        "put the right key back, or name it in ENTREPOT_SECRET_KEY_FILE"
    )


class MasterKeyUnusable(StartRefused):
    """The file of the master key cannot be used (`reason`)."""


class CredentialsWeak(StartRefused):
    """Root keys that were fine on loopback would be reachable by others."""

    text = (
        "the root keys of account {account} are too weak to listen on {host}; "
        "run `entrepot key rotate --account {account}`, or set strong ones"
    )


class DatabaseUnsafe(StartRefused):
    """A PostgreSQL server that is set to lose what it has acknowledged."""

    text = "the PostgreSQL server has {setting} = {value} and can lose what it has acknowledged; set it to {wanted}"


class SqliteUnfixed(StartRefused):
    """A SQLite that can lose commits in WAL mode."""

    text = "SQLite {version} can lose commits in WAL mode; 3.51.3, 3.50.7 and 3.44.6 are fixed"


class TracingUnavailable(StartRefused):
    """Traces are to be sent, and what sends them is not installed."""

    text = "otel_endpoint is set, and the extra that sends traces is not installed: pip install 'entrepot[otel]'"
