"""The credential report: who has which credentials in an account, as CSV in AWS's columns (IAM user guide)."""

import csv
import io
from datetime import datetime, timedelta

from entrepot.core import entities, password_policies, users
from entrepot.core.access import Caller
from entrepot.core.entities import USER, Entity
from entrepot.db import access_keys, accounts, sign_ins
from entrepot.db import account_details as rows
from entrepot.db import entities as entity_rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import KeyUse
from entrepot.errors import CredentialReportExpired, CredentialReportMissing

LIFETIME = timedelta(hours=4)
_KEYS = 2
_COLUMNS = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(
        f"access_key_{number}_{what}"
        for number in (1, 2)
        for what in ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
    ),
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
]


def generate(tx: Transaction, caller: Caller) -> str:
    """Make a report unless the last is young enough; the state, and the answer is there when this returns."""
    entities.allow_account(caller, "GenerateCredentialReport")
    account = caller.principal.account
    accounts.lock(tx, account)
    last = rows.find_report(tx, account)
    if last is None or caller.at - last[1] >= LIFETIME:
        rows.put_report(tx, account, _report(tx, account), caller.at)
    entities.told(tx, caller, "GenerateCredentialReport", {})
    return "COMPLETE"


def get(tx: Transaction, caller: Caller) -> tuple[bytes, datetime]:
    """(CSV, when it was made): CredentialReportMissing, CredentialReportExpired."""
    entities.allow_account(caller, "GetCredentialReport")
    found = rows.find_report(tx, caller.principal.account)
    if found is None:
        raise CredentialReportMissing
    if caller.at - found[1] >= LIFETIME:
        raise CredentialReportExpired(hours=int(LIFETIME.total_seconds()) // 3600)
    return found


def _report(tx: Transaction, account: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    everyone = (users.root(tx, account), *entity_rows.page(tx, account, USER.name, "/", "", USER.most))
    writer.writerows(_row(tx, each) for each in everyone)
    return text.getvalue().encode()


def _row(tx: Transaction, user: Entity) -> list[str]:
    login = sign_ins.find_login(tx, user.id)
    keys = list(access_keys.list_of(tx, user.account, user.id))[:_KEYS]
    password = ["false", "N/A", "N/A", "N/A"]
    if login is not None:
        expires = password_policies.expires_at(password_policies.in_force(tx, user.account), login)
        rotation = "N/A" if expires is None else _time(expires)
        password = ["true", "no_information", _time(login.changed_at), rotation]
    elif user.kind == "root":
        password = ["not_supported"] * 4
    return [
        user.name or "<root_account>",
        entities.arn(user),
        _time(user.created_at),
        *password,
        "true" if sign_ins.devices_of(tx, user.id) else "false",
        *(cell for number in range(_KEYS) for cell in _key(keys[number] if number < len(keys) else None)),
        *["false", "N/A"] * 2,
    ]


def _key(key: KeyUse | None) -> list[str]:
    if key is None:
        return ["false", "N/A", "N/A", "N/A", "N/A"]
    active = "true" if key.status == "Active" else "false"
    used = "N/A" if key.last_used_at is None else _time(key.last_used_at)
    return [active, _time(key.created_at), used, key.region or "N/A", key.service or "N/A"]


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
