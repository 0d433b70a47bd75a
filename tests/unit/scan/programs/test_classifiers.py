"""Programs that are built by hand are known by their names and by texts as they stand in real ones."""

import pytest

from entrepot.scan.programs.classifiers import CLASSIFIERS, is_library
from entrepot.scan.programs.reader import READERS
from tests.factories import executables as make
from tests.factories.layer_files import MemoryFile

PROGRAM, TEXT = READERS

KNOWN = [
    ("usr/local/bin/python3.12", b"\0%.80s (%.80s) %.80s\x003.12.1\0main, ", "python", "3.12.1"),
    ("usr/local/lib/libpython3.13.so.1.0", b"final\x003.13.0rc2\0x", "python", "3.13.0rc2"),
    ("usr/local/lib/libpython3.6m.so.1.0", b"\x003.6.15+\0", "python", "3.6.15"),
    ("opt/python/3.11.7/bin/python3.11", b"\0/opt/python/3.11.7\0", "python", "3.11.7"),
    ("usr/local/bin/python2.7", b"\x002.7.18\0", "python", "2.7.18"),
    ("usr/local/bin/node", b"\0node.js/v20.20.2\0", "node", "20.20.2"),
    ("usr/local/bin/node", b"\0node v0.10.48\0", "node", "0.10.48"),
    ("usr/lib/libnode.so.108", b"\0node.js/v18.20.4\0", "node", "18.20.4"),
    ("usr/sbin/nginx", b"\0nginx version: nginx/1.25.3\nbuilt by", "nginx", "1.25.3"),
    ("usr/local/openresty/nginx/sbin/nginx", b"\0nginx version: openresty/1.21.4.1\n", "openresty", "1.21.4.1"),
    ("usr/local/apache2/bin/httpd", b"\0Apache/2.4.58 (Unix)\0Apache/2.4\0", "apache", "2.4.58"),
    ("usr/local/bin/redis-server", b"\x007.2.4buildkitsandbox-1706000000000000000\0", "redis", "7.2.4"),
    ("usr/local/bin/redis-server", b"\x004.0.11841ce7054bd9-1542359302000000000\0", "redis", "4.0.11"),
    ("usr/bin/redis-check-rdb", b"A7.0.151790282056000000000\0", "redis", "7.0.15"),
    ("usr/local/bin/redis-server", b"modules\x006.2.14\0c11-builtin\0libc\0", "redis", "6.2.14"),
    ("usr/local/bin/redis-server", b"Server started, Redis version 2.8.23\0", "redis", "2.8.23"),
    ("usr/local/bin/valkey-server", b"\x008.0.1buildkitsandbox-1730000000000000000\0", "valkey", "8.0.1"),
    ("usr/lib/postgresql/16/bin/postgres", b"\0postgres (PostgreSQL) 16.1\n\0", "postgresql", "16.1"),
    ("usr/local/bin/postgres", b"\0postgres (PostgreSQL) 9.6.24\n\0", "postgresql", "9.6.24"),
    ("usr/local/bin/postgres", b"\0postgres (PostgreSQL) 17beta1\n\0", "postgresql", "17beta1"),
    ("usr/sbin/mysqld", b"\0/pb2/build/sb_0-1/mysql-8.0.35/sql/mysqld.cc\0", "mysql", "8.0.35"),
    ("usr/sbin/mysqld", b"\0/build/percona-server-8.0.34-26/sql/\0", "mysql", "8.0.34"),
    ("usr/sbin/mariadbd", b"\x002.7.4-MariaDB\x0010.11.6-MariaDB\0", "mariadb", "10.11.6"),
    ("usr/sbin/mysqld", b"\x0010.5.23-MariaDB-1:10.5.23+maria~ubu2004\0", "mariadb", "10.5.23"),
    ("usr/local/bin/openssl", b"\0OpenSSL 3.0.12 24 Oct 2023\0", "openssl", "3.0.12"),
    ("usr/local/lib/libcrypto.so.1.1", b"\0OpenSSL 1.1.1w  11 Sep 2023\0", "openssl", "1.1.1w"),
    ("usr/local/lib64/libcrypto.so.3", b"\0OpenSSL 1.0.2k-fips  26 Jan 2017\0", "openssl", "1.0.2k"),
    ("usr/local/sbin/php-fpm", b"\0X-Powered-By: PHP/8.3.0\0", "php", "8.3.0"),
    ("usr/lib/apache2/modules/libphp.so", b"\0X-Powered-By: PHP/8.2.0RC3\0", "php", "8.2.0RC3"),
    ("usr/local/sbin/haproxy", b"\0 version 2.9.0-fddb8c1, released 2023/12/05\n\0", "haproxy", "2.9.0"),
    ("usr/local/sbin/haproxy", b"\0HA-Proxy version 1.8.30 2021/04/12\0, released 2021", "haproxy", None),
    ("usr/local/sbin/haproxy", b"\0HA-Proxy version 1.8.30, released 2021/04/12\0", "haproxy", "1.8.30"),
    ("bin/busybox", b"\0BusyBox v1.36.1 (2023-05-18)\0", "busybox", "1.36.1"),
    ("usr/local/bin/memcached", b"\0memcached 1.6.22\0", "memcached", "1.6.22"),
    ("usr/local/lib/libruby.so.3.2.2", b"\0ruby 3.2.2 (2023-03-30 revision e51014f9c0)", "ruby", "3.2.2"),
    ("usr/local/bin/ruby", b"\0ruby 2.7.8p225 (2023-03-30 revision 1f4d455848)", "ruby", "2.7.8"),
    ("usr/local/bin/perl5.38.2", b"\0v5.38.2\0", "perl", "5.38.2"),
    ("usr/local/bin/bash", b"\0@(#)Bash version 5.2.21(1) release GNU\0", "bash", "5.2.21"),
    ("usr/lib/libcurl.so.4.8.0", b"\0libcurl/8.4.0\0", "curl", "8.4.0"),
    ("usr/local/sbin/lighttpd", b"\0lighttpd/1.4.69 (ssl)\0", "lighttpd", "1.4.69"),
    ("usr/bin/pgbouncer", b"\0PgBouncer 1.18.0\0", "pgbouncer", "1.18.0"),
]


def told(path: str, data: bytes) -> list[tuple[str, str, str]]:
    return [(each.type, each.name, each.version) for each in PROGRAM.read(MemoryFile(path, data, executable=True))]


@pytest.mark.parametrize(("path", "text", "name", "version"), KNOWN)
def test_a_program_is_known_by_its_name_and_its_text(path: str, text: bytes, name: str, version: str | None):
    expected = [("generic", name, version)] if version else []
    assert told(path, make.elf(b"\0" + text)) == expected
    for before in (1024 * 1024 - 4096 - 10, 1024 * 1024 - 4096 - 1030, 5 * 1024 * 1024):  # across what is read at once
        assert told(path, make.elf(b"\xee" * before + text)) == expected


@pytest.mark.parametrize(("path", "text", "name", "version"), KNOWN)
def test_the_same_text_in_a_file_of_another_name_tells_nothing(path: str, text: bytes, name: str, version: str | None):
    assert told("usr/bin/other", make.elf(text)) == []
    assert told(path + "-config", make.elf(text)) == []


def test_every_classifier_is_shown():
    assert {each.name for each in CLASSIFIERS} == {name for _, _, name, _ in KNOWN}
    assert len(CLASSIFIERS) > 12


def test_a_script_of_such_a_name_is_no_program():
    assert told("usr/bin/python3.12", b"#!/bin/sh\n\x003.12.1\0") == []


def test_a_version_of_another_series_than_the_name_says_is_of_something_else():
    assert told("usr/bin/python3.12", make.elf(b"\x003.11.4\0")) == []


def test_code_is_not_looked_into_unless_constants_are_in_it():
    text = b"\0nginx version: nginx/1.25.3\n"
    code = b"\xee" * 3 * 1024 * 1024 + text + b"\xee" * 3 * 1024 * 1024
    assert told("usr/sbin/nginx", make.elf(b"constants", b"data", code)) == []
    assert told("usr/sbin/nginx", make.elf(code, b"data", flags=5)) == [("generic", "nginx", "1.25.3")]
    assert told("usr/sbin/nginx", make.elf(text, b"data", code)) == [("generic", "nginx", "1.25.3")]


def test_a_program_is_told_once():
    both = b"\x007.2.4\0c11-builtin\0\x007.2.4buildkitsandbox-1706000000000000000\0"
    assert told("usr/local/bin/redis-server", make.elf(both)) == [("generic", "redis", "7.2.4")]


def test_a_go_program_of_such_a_name_is_none_of_these():
    data = make.go("go1.22.3", before=b"\0X-Powered-By: PHP/8.3.0\0")
    assert told("usr/local/bin/php", data) == [("golang", "stdlib", "v1.22.3")]


@pytest.mark.parametrize(
    ("path", "looked_into"),
    [
        ("usr/local/lib/libpython3.12.so.1.0", True),
        ("usr/lib/libcrypto.so.3", True),
        ("usr/lib/libphp.so", True),
        ("usr/lib/libz.so.1", False),
        ("usr/bin/python3.12", False),  # an executable one is known by how it begins
        ("usr/share/man/man1/python3.1", False),
    ],
)
def test_libraries_are_looked_into_though_they_need_not_be_executable(path: str, looked_into: bool):
    assert is_library(path) is looked_into
    assert (path.endswith(PROGRAM.endings) and PROGRAM.wants(path)) is looked_into


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("opt/java/openjdk/release", b'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_VERSION="17.0.9"\n', [("java", "17.0.9")]),
        ("usr/lib/jvm/jre/release", b'JAVA_VERSION="1.8.0_392"\nOS_NAME="Linux"\n', [("java", "1.8.0_392")]),
        ("etc/release", b"Alpine 3.19\n", []),
        ("app/wp-includes/version.php", b"<?php\n$wp_version = '6.4.2';\n", [("wordpress", "6.4.2")]),
        ("opt/drupal/core/lib/Drupal.php", b"class Drupal {\n  const VERSION = '10.2.0';\n", [("drupal", "10.2.0")]),
        ("usr/local/lib/erlang/releases/26/OTP_VERSION", b"26.2.1\n", [("erlang", "26.2.1")]),
        ("opt/rabbitmq/plugins/rabbit-3.12.10/ebin/rabbit.app", b'[{vsn, "3.12.10"},', [("rabbitmq", "3.12.10")]),
    ],
)
def test_a_text_beside_a_program_tells_its_version(path: str, text: bytes, expected: list[tuple[str, str]]):
    assert path.rpartition("/")[2] in TEXT.names
    assert TEXT.wants(path)
    assert [(each.name, each.version) for each in TEXT.read(MemoryFile(path, text))] == expected


def test_texts_are_looked_for_where_they_belong():
    assert not TEXT.wants("src/version.php")
    assert list(TEXT.read(MemoryFile("a/release", b"x" * 2_000_000))) == []
