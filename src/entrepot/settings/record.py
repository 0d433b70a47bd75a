"""The record of settings. Each field documents itself; docs/settings.md and the flags of `serve` are made from here."""

from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from entrepot.settings import key_kinds, kinds
from entrepot.settings.documented import Documented, documented, fingerprint, setting, written


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """What an operator decides. Each field documents itself: `documentation()`."""

    data: Path = setting("data", kinds.path, "Directory of everything this server keeps; made at the first start.")
    host: str = setting("127.0.0.1", kinds.text, "Address to listen on; `0.0.0.0` is every one.")
    port: int = setting(5000, kinds.port, "TCP port to listen on; 0 lets the system choose one.")
    workers: int = setting(None, kinds.count, "API processes. Default: one for each core.")
    role: Literal["all", "api", "worker"] = setting(
        "all", kinds.one_of("all", "api", "worker"), "Serve requests (`api`), run background jobs (`worker`), or both."
    )
    account_id: str = setting(
        "000000000000",
        kinds.account,
        "The default account: made at the first start, served on hosts of no other.",
        agree=True,
    )
    regions: tuple[str, ...] = setting(
        ["us-east-1"], kinds.regions, "Regions served; the first is the default one.", agree=True
    )
    domain: str | None = setting(
        None,
        kinds.host_name,
        "Serve registries as `<account>.dkr.ecr.<region>.<domain>`, `public.ecr.<domain>` and the API as "
        "`api.ecr.<region>.<domain>` too.",
        agree=True,
    )
    aliases: tuple[tuple[str, str], ...] = setting(
        [],
        kinds.aliases,
        "Further host names of private registries, each `host=account/region`; on such a host the whole path is the "
        "repository's name.",
        agree=True,
    )
    public_url: str | None = setting(
        None, kinds.url, "Scheme, host and port in all answers. Default: what the request was sent to."
    )
    signing_list_url: str | None = setting(
        None, kinds.url, "Where verifiers of signatures read which are revoked, by plain HTTP.", agree=True
    )
    trusted_proxies: tuple[kinds.Network, ...] = setting(
        [],
        kinds.networks,
        "Addresses or ranges of reverse proxies whose X-Forwarded headers are believed.",
    )
    metrics_allow: tuple[kinds.Network, ...] = setting(
        [], kinds.networks, "Addresses or ranges, beside loopback, that may read /metrics without credentials."
    )
    outbound_allow: tuple[str | kinds.Network, ...] = setting(
        [],
        kinds.destinations,
        "Host names, addresses or ranges that identity providers may have beside public addresses. Private and "
        "loopback addresses, and URLs without TLS, are refused unless they are listed here.",
    )
    pull_through_allow: tuple[str, ...] = setting(
        [],
        kinds.registries,
        "Registries that pull-through cache rules may name beside those that AWS lists, each `host[:port]`, or "
        "`http://host[:port]` for one without TLS; private addresses and those without TLS must be listed in "
        "`outbound_allow` too.",
        agree=True,
    )
    outbound_ca: Path | None = setting(
        None, kinds.path, "Certificates (PEM) of authorities to trust beside the system's when calling elsewhere."
    )
    token_services: tuple[tuple[str, str], ...] = setting(
        [],
        kinds.token_services,
        "Hosts of token services of other registries that are not those registries' own, each `registry=host`: "
        "`registry.example.com=login.example.com`. Credentials go to a registry's own host, to one listed here, and "
        "to those of Docker Hub and GitLab, wherever else a registry says that tokens are.",
        agree=True,
    )
    aws_endpoints: tuple[tuple[str, str], ...] = setting(
        [],
        kinds.endpoints,
        "Where AWS services, or what speaks like them, are reached by what is sent to their ARNs (targets of event "
        "rules, dead-letter queues) and by trails (`s3`), each `service=url`: `sqs=http://127.0.0.1:4566`. One without "
        "TLS, or at a private address, must be listed in `outbound_allow` too.",
        agree=True,
    )
    aws_credentials: Path | None = setting(
        None,
        kinds.path,
        "Shared credentials file of AWS tools, whose profile `default` signs requests to `aws_endpoints`, and asks for "
        "the roles and tokens of pull-through rules whose upstream is an ECR registry elsewhere.",
    )
    kms_endpoints: tuple[tuple[str, str], ...] = setting(
        [],
        key_kinds.key_endpoints,
        "Where keys are that another Key Management Service has, each by how its ARN begins: "
        "`arn:aws:kms:us-east-1:111122223333:=https://kms.example.com`; of several the longest counts. Repositories "
        "can be encrypted with them, and signing profiles sign. One without TLS, or at a private address, must be "
        "listed in `outbound_allow` too.",
        agree=True,
    )
    kms_users: tuple[tuple[str, str], ...] = setting(
        [],
        key_kinds.key_users,
        "Accounts that may use keys at `kms_endpoints` beside the account in the key's ARN, each "
        "`arn:aws:kms:us-east-1:111122223333:=000000000000`.",
        agree=True,
    )
    kms_credentials: Path | None = setting(
        None,
        kinds.path,
        "Shared credentials file of AWS tools that signs requests to `kms_endpoints`: the profile that is named as the "
        "account in the key's ARN, else `default`. Needed with `kms_endpoints`.",
        agree=True,
    )
    kms_check_seconds: float = setting(
        15,
        kinds.check_seconds,
        "How long background jobs rest between two looks at the states of keys at `kms_endpoints`.",
        unit="seconds",
    )
    harbor_secret: Path | None = setting(
        None,
        kinds.path,
        "File with the secret, of at least 16 characters, by which Harbor asks this server for scans of its images: "
        "Harbor's scanner API is served below `/scanner-adapter/`. Harbor must be listed in `outbound_allow` unless it "
        "is reached over TLS at a public address. Default: not served.",
        agree=True,
    )
    scanner_adapter_url: str | None = setting(
        None,
        kinds.base_url,
        "Have basic scans made by this scanner, which speaks Harbor's scanner API (Trivy, Clair and others have such "
        "adapters), in place of the server's own engine. It pulls images from `public_url`, or where this server "
        "listens. One without TLS, or at a private address, must be listed in `outbound_allow` too.",
        agree=True,
    )
    scanner_adapter_credentials: Path | None = setting(
        None, kinds.path, "File with the Authorization header for that scanner: `Bearer …` or `Basic …`.", agree=True
    )
    anonymous_rate: float = setting(
        100,
        kinds.rate,
        "Requests a second that an address (of IPv6 a network of 64 bits) may send to public registries without a "
        "log-in, on each node, once its burst is spent; 0 is no limit. An image takes a dozen.",
    )
    anonymous_burst: int = setting(
        1000, kinds.burst, "Requests that such an address may send at once after it has been quiet."
    )
    rates: tuple[str, ...] = setting(
        [],
        kinds.rates,
        "How often, in a second, an account may ask for an operation in a region, on each node: `aws` for AWS's "
        "numbers, `PutImage=10/20` for a rate and perhaps a burst of its own, 0 for no limit. Default: no limits.",
    )
    principal_rate: float = setting(
        0,
        kinds.rate,
        "Requests a second, of any kind, that a user or role may send on each node once its burst is spent; 0 is no "
        "limit.",
    )
    principal_burst: int = setting(
        1000, kinds.burst, "Requests that such a principal may send at once after it has been quiet."
    )
    rate_wait_seconds: float = setting(
        5,
        kinds.wait_seconds,
        "How long, in seconds, a request to a registry that comes before its turn, by `rates` or `principal_rate`, "
        "waits for it before it is refused; 0 refuses at once, as the AWS APIs always do. At most 30.",
    )
    tls_cert: Path | None = setting(None, kinds.path, "Certificate chain (PEM) to serve TLS with; needs `tls_key`.")
    tls_key: Path | None = setting(None, kinds.path, "Private key (PEM) of `tls_cert`.")
    tls_self_signed: bool = setting(
        False, kinds.flag, "Serve TLS with a certificate of an own authority, DATA/ca.pem, made and renewed as needed."
    )
    database: str | None = setting(
        None,
        kinds.database,
        "Reserved for `postgresql://…`, which this version refuses: the metadata is in SQLite, in DATA/entrepot.db.",
        secret=True,
        agree=True,
    )
    secret_key_file: Path | None = setting(
        None,
        kinds.path,
        "The master key that seals secrets. Default: DATA/secret.key, made at the first start.",
        agree=True,
    )
    root_access_key_id: str | None = setting(
        None, kinds.key_id, "Root access key id of the default account. Default: generated at the first start."
    )
    root_secret_access_key: str | None = setting(
        None, kinds.text, "Its secret access key. Weak pairs are refused unless `host` is loopback.", secret=True
    )
    trail_seconds: float = setting(
        300, kinds.seconds, "How long the delivery of records to trails rests between two runs.", unit="seconds"
    )
    trail_digest_seconds: float = setting(
        3600,
        kinds.digest_seconds,
        "What time a digest file of a trail covers; at least a second.",
        unit="seconds",
        agree=True,
    )
    archive_restore_seconds: float = setting(
        5,
        kinds.seconds,
        "How long an image is on its way out of the archive that a call restores: its bytes are here, so this is only "
        "for clients that must learn to wait; at AWS it takes up to 20 minutes.",
        unit="seconds",
    )
    gc_grace_seconds: float = setting(
        3600,
        kinds.seconds,
        "How long an unreferenced blob stays after it was last pushed, and again after it was condemned, before its "
        "bytes are removed.",
        unit="seconds",
        agree=True,
    )
    gc_interval_seconds: float = setting(
        300, kinds.seconds, "How long the collector rests between two runs.", unit="seconds"
    )
    lifecycle_interval_seconds: float = setting(
        3600, kinds.seconds, "How long after an evaluation a lifecycle policy is evaluated again.", unit="seconds"
    )
    upload_expiry_seconds: float = setting(
        86400,
        kinds.seconds,
        "An upload that nobody has written to for this long is removed.",
        unit="seconds",
        agree=True,
    )
    scrub_days: float = setting(30, kinds.days, "Every blob's digest is computed again within this time.", unit="days")
    audit_days: float = setting(
        90, kinds.days, "How long LookupEvents finds an audit record; then it is removed.", unit="days", agree=True
    )
    audit_aws_constants: bool = setting(
        False,
        kinds.flag,
        "Show docker's requests in audit records as AWS does, with `ecr.amazonaws.com` as address and user agent "
        "instead of the client's own.",
        agree=True,
    )
    pull_events: bool = setting(
        False,
        kinds.flag,
        "Tell each pull of an image as an event (`ECR Image Action`, action type PULL), which AWS does not.",
        agree=True,
    )
    vulndb_sources: tuple[tuple[str, str], ...] = setting(
        ["public"],
        kinds.upstreams,
        "Whom `entrepot vulndb update` asks for what is new, each `kind=url`: `osv=` an ecosystem's folder of OSV's "
        "bucket, `yum=` a repository of packages or its `mirror.list`, `file=` anything that can be imported, `oci=` "
        "an export in a registry (`host/repository:tag`); `public` stands for those that docs/scanning.md lists.",
    )
    vulndb_update_every: float = setting(
        0,
        kinds.update_seconds,
        "How long background jobs rest between two updates of the vulnerability database; 0 is never, else it is at "
        "least a minute.",
        unit="seconds",
    )
    vulndb_trust: tuple[Path, ...] = setting(
        [], kinds.paths, "Public keys (PEM) of who may sign exports, beside this deployment's own."
    )
    storage_encryption: str = setting("not stated", kinds.text, "What encrypts the storage: `AES256` of repositories.")
    disk_reserve: int = setting(
        "256MiB",
        kinds.size,
        "Uploads are refused while the volume of `data` has less than this free.",
        unit="bytes, or a number with KiB, MiB, GiB, TiB",
    )
    download_seconds: float = setting(
        900,
        kinds.download_seconds,
        "How long a download URL of GetDownloadUrlForLayer is good for; at most an hour.",
        unit="seconds",
    )
    drain_seconds: float = setting(
        300, kinds.seconds, "After SIGTERM, how long requests that are under way may take to finish.", unit="seconds"
    )
    replication_transfers: int = setting(4, kinds.transfers, "Repositories, and blobs, on their way to a peer at once.")
    replication_bandwidth: int = setting(0, kinds.size, "Bytes a second to all peers together; 0 is no limit.")
    replication_rest_seconds: float = setting(60, kinds.rest_seconds, "Longest pause, in seconds, of an absent peer.")
    otel_endpoint: str | None = setting(
        None,
        kinds.url,
        "Where traces of requests and jobs are sent, as OTLP over HTTP (`http://127.0.0.1:4318`). Needs the extra "
        "`otel`. Default: nowhere.",
    )
    otel_ratio: float = setting(
        1, kinds.ratio, "Which part of the traces that begin here is sent; whether others are, their callers decide."
    )
    access_log: bool = setting(True, kinds.flag, "Log each request.")
    log_format: Literal["auto", "json", "text"] = setting(
        "auto", kinds.one_of("auto", "json", "text"), "Log lines as JSON or as text; `auto` is text on a terminal."
    )

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value}' for name, value in self.shown().items())})"

    def shown(self) -> dict[str, str]:
        """Each setting as text; secrets as ***."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: "***" if hidden(name) and value else repr(value) for name, value in values.items()}

    def agreed(self) -> dict[str, str]:
        """Those on which servers over the same data must agree, as the environment would hold them; of secrets a
        fingerprint.
        """
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.metadata["agree"]}
        return {name: fingerprint(value) if hidden(name) else written(value) for name, value in values.items()}

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def scheme(self) -> Literal["http", "https"]:
        """What the listening sockets speak."""
        return "https" if self.tls_cert or self.tls_self_signed else "http"


def documentation() -> tuple[Documented, ...]:
    """Every setting, in the record's order."""
    return tuple(documented(item) for item in fields(Settings))


def hidden(name: str) -> bool:
    """Whether a setting is a secret."""
    return any(item.name == name and item.metadata["secret"] for item in fields(Settings))


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is one that only this machine reaches."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
