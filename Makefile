# what a developer types; every target works on a fresh machine (see README, "Develop")
.PHONY: lock setup
PY := .venv/bin/python

# hashes only: no index address is recorded
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --extra postgresql -o requirements/runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --extra postgresql --group dev -c requirements/runtime.txt -o requirements/dev.txt

.venv/ready: requirements/dev.txt pyproject.toml
	test -x $(PY) || python3 -m venv .venv
	.venv/bin/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	.venv/bin/pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

setup: .venv/ready
