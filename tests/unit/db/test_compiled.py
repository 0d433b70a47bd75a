"""Compiled statements: parameters by name, values of the statement's own, rows by column name."""

from pathlib import Path

import pysqlite3
import pytest
from sqlalchemy import bindparam, delete, insert, select, text, update
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from entrepot.db.compiled import CompiledTransaction, Compiler
from entrepot.db.schema import lease, repository_blob

COMPILE = Compiler(SQLiteDialect_pysqlite(paramstyle="qmark"))
TWO = select(lease.c.name).where(lease.c.due_at < bindparam("before"), lease.c.holder == bindparam("by"))


def test_parameters_are_bound_by_name_in_the_statement_s_order():
    compiled = COMPILE(TWO)
    assert compiled.parameters == ("before", "by")
    assert compiled.bind({"by": "me", "before": 7}) == [7, "me"]


def test_a_parameter_named_twice_is_given_once_and_bound_twice():
    compiled = COMPILE(text("SELECT :a, :b, :a"))
    assert compiled.bind({"b": 2, "a": 1}) == [1, 2, 1]


def test_a_parameter_that_is_missing_is_a_fault_and_none_is_a_value():
    with pytest.raises(KeyError, match="by"):
        COMPILE(TWO).bind({"before": 7})
    assert COMPILE(TWO).bind({"before": None, "by": None}) == [None, None]


def test_a_name_that_the_statement_does_not_have_is_not_bound():
    assert COMPILE(TWO).bind({"before": 7, "by": "me", "more": 1}) == [7, "me"]


def test_values_that_a_statement_fixes_are_bound_none_too():
    fixed = update(repository_blob).where(repository_blob.c.digest == bindparam("of")).values(condemned_at=None)
    assert COMPILE(fixed).bind({"of": "d"}) == [None, "d"]
    held = update(lease).where(lease.c.name == bindparam("of")).values(holder="", expires_at=0)
    assert sorted(map(str, COMPILE(held).bind({"of": "n"}))) == ["", "0", "n"]


def test_a_value_may_be_given_for_one_that_the_statement_fixes():
    compiled = COMPILE(select(lease.c.name).where(lease.c.name > "a"))
    assert compiled.bind({}) == ["a"]
    assert compiled.bind({compiled.parameters[0]: "b"}) == ["b"]


def test_an_insert_names_every_column_of_its_table():
    compiled = COMPILE(insert(lease))
    assert set(compiled.parameters) == {column.name for column in lease.columns}
    assert compiled.row is None


def test_a_statement_is_compiled_once_and_an_equal_one_apart():
    assert COMPILE(TWO) is COMPILE(TWO)
    again = select(lease.c.name).where(lease.c.due_at < bindparam("before"), lease.c.holder == bindparam("by"))
    assert COMPILE(again) is not COMPILE(TWO)
    assert COMPILE(again).sql == COMPILE(TWO).sql


def test_a_statement_that_was_dropped_is_never_taken_for_another():
    compile_ = Compiler(SQLiteDialect_pysqlite(paramstyle="qmark"))
    for number in range(200):  # ids of objects that are gone are given again
        assert f"AS c{number}" in compile_(select(lease.c.name.label(f"c{number}"))).sql


def test_rows_have_the_names_of_their_columns_and_changes_are_counted(tmp_path: Path):
    connection = pysqlite3.connect(str(tmp_path / "x.db"), isolation_level=None)
    connection.execute("CREATE TABLE lease (name, holder, expires_at, due_at, result)")
    tx = CompiledTransaction(connection, COMPILE, lambda error: error)
    for name in ("a", "b"):
        assert tx.run(insert(lease), name=name, holder="h", expires_at=1, due_at=2, result="{}") == 1
    found = tx.one(select(lease.c.due_at, lease.c.name).order_by(lease.c.name))
    assert found is not None
    assert (found.name, found.due_at) == ("a", 2)
    assert [row.name for row in tx.all(select(lease).order_by(lease.c.name.desc()))] == ["b", "a"]
    assert tx.one(select(lease).where(lease.c.name == "c")) is None
    assert tx.all(text("SELECT count(*) FROM lease"))[0][0] == 2
    assert tx.run(delete(lease)) == 2
    connection.close()


def test_an_error_is_told_as_the_engine_says_with_the_driver_s_as_its_cause(tmp_path: Path):
    class Told(Exception):
        pass

    connection = pysqlite3.connect(str(tmp_path / "x.db"), isolation_level=None)
    told = CompiledTransaction(connection, COMPILE, lambda _: Told())
    with pytest.raises(Told) as caught:
        told.run(delete(lease))
    assert isinstance(caught.value.__cause__, pysqlite3.OperationalError)
    with pytest.raises(pysqlite3.OperationalError, match="no such table"):
        CompiledTransaction(connection, COMPILE, lambda error: error).run(delete(lease))
    connection.close()
