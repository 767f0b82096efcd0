# make demo: install into .venv and show a bundled capture.  make test: install, then run every test and check.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := captures/native_lpdu.pcap
SUDO   := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

.PHONY: demo test install check lint tshark openssl chromium fuzz bench clean

install: $(VENV)/.installed

demo: install
	@if [ -t 1 ]; then $(BIN)/osgp-analyzer $(DEMO); else $(BIN)/osgp-analyzer show -c 20 $(DEMO); fi

test: $(VENV)/.installed-dev tshark openssl chromium
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -n 2 tests

fuzz: $(VENV)/.installed-dev
	OSGP_FUZZ=$${OSGP_FUZZ:-200000} $(BIN)/pytest -n 2 tests/dissectors/test_damage.py

# A few minutes; BENCH=--all adds 10 million frames. Writes docs/speed.md.
bench: $(VENV)/.installed
	$(BIN)/python -m tests.bench $(BENCH)

# Debian and Ubuntu ship venv apart from Python.
$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed, this is ' + sys.version.split()[0] if sys.version_info < (3, 11) else 0)"
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3-venv; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

# The tests hold our decoding against Wireshark's own dissector.
tshark:
	@command -v tshark >/dev/null || { $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends tshark wireshark-common; }

# The tests open TLS sessions that it makes.
openssl:
	@command -v openssl >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq openssl; }

# The tests look at the topology page in it.
chromium:
	@command -v chromium >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq chromium; }

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
