# Two commands to begin with:  make lut  (measure this machine)  and  make test.  `make help` lists all.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODELS := models
DATA := lut/data
ENGINE ?= caffe2
MODEL ?=

.DELETE_ON_ERROR:
.PHONY: help lut test soak lint perf phone proto lock docs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Installs what is missing of "<command>=<Debian package> …" if it may, else says what to install.
# Two of the pairs are no commands: venv stands for Python's venv with pip, libusb for that library.
define need
	@have() { case "$$1" in \
	  venv) $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null;; \
	  libusb) $(PYTHON) -c 'import ctypes; ctypes.CDLL("libusb-1.0.so.0")' 2>/dev/null;; \
	  *) command -v "$$1" >/dev/null;; esac; }; \
	missing=; for pair in $(1); do have "$${pair%%=*}" || missing="$$missing $${pair##*=}"; done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ]; then sudo=; \
	elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then sudo=sudo; \
	else sudo=none; fi; \
	if [ "$$sudo" != none ] && command -v apt-get >/dev/null; then \
	  echo "Installing the Debian packages:$$missing"; \
	  install="apt-get install --no-install-recommends"; \
	  $$sudo apt-get -qq update && { $$sudo $$install --assume-no $$missing | grep -E "^(Need to get|After this)"; \
	    DEBIAN_FRONTEND=noninteractive $$sudo $$install -qq -y $$missing >/dev/null; } && exit 0; fi; \
	echo "Please install:$$missing  (Debian: apt-get install$$missing)" >&2; exit $(2)
endef

LUT_NEEDS := venv=python3-venv g++=g++
PHONE_NEEDS := aarch64-linux-gnu-g++=g++$(if $(filter-out aarch64,$(shell uname -m)),-aarch64-linux-gnu) qemu-aarch64-static=qemu-user-static proot=proot
BROWSER_NEEDS := chromium=chromium chromedriver=chromium-driver
TEST_NEEDS := $(PHONE_NEEDS) adb=adb ip=iproute2 libusb=libusb-1.0-0 $(BROWSER_NEEDS)

# By the variable, since pip once complains without the option of that name, and later on knows it no more.
PIP := PIP_USE_PEP517=1 $(BIN)/pip install --quiet --disable-pip-version-check

# What these files list is installed in just those versions, each download checked against its hash; build.txt
# comes first, since pip would fetch what builds adb-shell and this package unchecked.
$(VENV)/.runtime: pyproject.toml requirements/build.txt requirements/lut.txt
	$(call need,$(LUT_NEEDS),1)
	@echo "Installing the Python packages into $(VENV): 35 MB to download."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes --requirement requirements/build.txt
	@$(PIP) --require-hashes --no-build-isolation --requirement requirements/lut.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "Installing the Python packages of the tests: 100 MB to download."
	@$(PIP) --require-hashes --requirement requirements/dev.txt
	@touch $@

lut: $(VENV)/.runtime ## Make this machine's table, of the released nets or MODEL=my.onnx; ENGINE=xnnpack is another engine
	$(if $(filter %.onnx %.tflite,$(MODEL)),$(PIP) --require-hashes --requirement requirements/models.txt)
	@$(BIN)/bench build --engine $(ENGINE) >/dev/null
	$(if $(MODEL),,@$(BIN)/lut models build all --quiet -o $(MODELS))
	@$(BIN)/bench table $(or $(MODEL),$(MODELS)) --device host --engine $(ENGINE) -o $(DATA)

# Three at a time on two processors: many tests wait.
test: $(VENV)/.dev ## Run the tests; those whose package can't be installed are skipped with the reason
	$(call need,$(TEST_NEEDS),0)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report= --cov-fail-under=90

soak: $(VENV)/.dev ## Make faults by the hundred, and hold how soon all ends; half an hour of a quiet machine
	$(call need,$(TEST_NEEDS),0)
	SOAK=1 $(BIN)/python -m pytest tests/soak tests/lut/frontends/test_counted_anew.py tests/phone tests/bench/farm tests/bench/campaign tests/bench/device_runner

lint: $(VENV)/.dev ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

perf: $(VENV)/.dev ## Measure speed and memory against their bars; minutes of a quiet machine
	$(BIN)/python -m pytest tests/perf -q -s

phone: $(VENV)/.dev ## Simulate a Galaxy S8, or LIKE=FOLDER of real answers, on 127.0.0.1:5555 until interrupted
	$(call need,$(PHONE_NEEDS),1)
	$(BIN)/python -m tests.phone $(if $(LIKE),--like $(LIKE))

proto: $(VENV)/.dev ## Write the descriptor and the types of lut/caffe2.proto anew
	$(BIN)/python -m grpc_tools.protoc -I lut --descriptor_set_out=lut/caffe2.desc --pyi_out=lut caffe2.proto

LOCK := build/lock/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --upgrade \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links

lock: ## Choose the newest versions of all packages anew, with their hashes, for requirements/
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --disable-pip-version-check uv
	$(LOCK) pyproject.toml --extra dev -o requirements/dev.txt
	$(LOCK) pyproject.toml --extra report --extra usb -c requirements/dev.txt -o requirements/lut.txt
	$(LOCK) pyproject.toml --extra onnx --extra tflite -c requirements/dev.txt -o requirements/models.txt
	$(LOCK) --group build -c requirements/dev.txt -o requirements/build.txt

docs: $(VENV)/.dev ## Write docs/commands.md and the types of docs/nets.md, and measure for the pictures
	$(call need,$(BROWSER_NEEDS),1)
	$(BIN)/python -m tests.docs.commands
	$(BIN)/python -m tests.docs.types
	$(BIN)/python -m tests.docs.pictures

clean: ## Remove what was made here, but no measurement and no download
	rm -rf $(VENV) $(MODELS) build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
