# The two commands are `make run` and `make test`; both work from a bare clone with Python, make and git.
PYTHON ?= python3
BIN := .venv/bin
# Exact versions that were tested together; torch first and alone, so that nothing else decides which build is taken.
PIP_INSTALL := $(BIN)/pip install --disable-pip-version-check --constraint constraints.txt

KERNELS := zaphod/compute/kernels
# CMake and Ninja of the system, or else those that pip put into the environment.
IN_VENV := PATH="$$PATH:$(CURDIR)/$(BIN)"
CONFIGURE = $(IN_VENV) cmake -G Ninja -S . -DPython_EXECUTABLE="$(CURDIR)/$(BIN)/python" -B
COMPILER := $(shell command -v $(if $(filter default,$(origin CXX)),c++ g++ clang++,$(CXX)))

.PHONY: setup run native test test-large test-fuzz test-ray test-threads test-neon coverage sanitize check format bench clean help

help:            ## what can be made
	@sed -n 's/^\([a-z-]*\):[^#]*## */  make \1\t/p' Makefile | expand -t 20

setup: .venv/.installed  ## create .venv with Zaphod in it (the command is .venv/bin/zaphod)
	@$(MAKE) --no-print-directory native || echo "*** Zaphod works WITHOUT its native CPU kernels, because they" \
		"did not compile (see above): models run on the slower PyTorch runner."

.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP_INSTALL) torch
	$(PIP_INSTALL) scikit-build-core nanobind
	command -v cmake && command -v ninja || $(PIP_INSTALL) cmake ninja
	$(PIP_INSTALL) --no-build-isolation --editable .
	touch $@

.venv/.developing: .venv/.installed
	$(PIP_INSTALL) --no-build-isolation --editable '.[dev,torrent,otel,postgres,pkcs11,data,train,evaluation,robotics,speech]'
	touch $@

# The kernels are copied, if they changed, to where the editable install looks for them; `install` replaces the file, so
# that a process which still has the old one keeps it.
native: .venv/.installed  ## compile the CPU kernels, or what changed of them
	$(CONFIGURE) build/native -DCMAKE_BUILD_TYPE=Release >/dev/null
	$(IN_VENV) cmake --build build/native
	rm -rf build/native/package
	$(IN_VENV) cmake --install build/native --strip --prefix build/native/package >/dev/null
	install -C -m 755 build/native/package/$(KERNELS)/_cpu* src/$(KERNELS)

run: setup       ## serve the built-in model, with a page for people
	@$(BIN)/zaphod serve --open

# Two processes with one thread each: the threads of two processes would wait for each other. Hundreds of servers are
# started: compiled modules are kept, whatever the environment says.
# With a compiler, kernels that do not compile are our mistake; without one, their tests are skipped.
test: .venv/.developing $(if $(COMPILER),native)  ## run the tests (under 15 minutes on 2 cores)
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile -rfEs

coverage: .venv/.developing native  ## run the tests and see which lines they do not reach (a third slower)
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile -rfEs --cov --cov-report=term:skip-covered

test-large: .venv/.developing native  ## answer from a file four times as large as the memory allowed (2.6 GB of disk, root)
	ZAPHOD_TEST_LARGE=1 $(BIN)/pytest -rs tests/engine/test_larger_than_memory.py

test-fuzz: .venv/.developing native  ## send many more odd requests and schemas to a server (10 minutes)
	ZAPHOD_TEST_FUZZ=500 OMP_NUM_THREADS=1 $(BIN)/pytest tests/server/fuzz/test_schemathesis.py tests/server/fuzz/test_schema_fuzz.py

# Ray is large and pins much: it gets an environment of its own.
.venv-ray/.installed: pyproject.toml constraints.txt
	test -x .venv-ray/bin/python || $(PYTHON) -m venv .venv-ray
	.venv-ray/bin/pip install --disable-pip-version-check --constraint constraints.txt torch
	.venv-ray/bin/pip install --disable-pip-version-check --constraint constraints.txt scikit-build-core nanobind
	.venv-ray/bin/pip install --disable-pip-version-check --constraint constraints.txt \
		--no-build-isolation --editable '.[ray]' pytest pytest-timeout hypothesis httpx psutil
	touch $@

test-ray: .venv-ray/.installed native  ## run replicas on Ray Serve, a build on Ray Data, training on Ray Train (500 MB of packages)
	.venv-ray/bin/pytest -rs tests/server/test_ray_application.py tests/data/test_ray_pipeline.py \
		tests/training/parallel/test_ray_train.py

CACHE = $(wildcard $(addprefix src/$(KERNELS)/cpu/,expert_cache.cpp network*.cpp adapters.cpp routing.cpp pool.cpp))
test-threads:    ## run the cache of experts under the sanitizers of threads and of addresses (GCC or Clang)
	mkdir -p build/threads
	set -e; for kind in thread address,undefined; do \
		$(CXX) -std=c++20 -O1 -g1 -fsanitize=$$kind -Wall -Wextra -Isrc/$(KERNELS)/cpu $(CACHE) \
			tests/compute/kernels/cpu/expert_cache_driver.cpp -o build/threads/$$kind; \
		build/threads/$$kind build/threads/experts; done

# Python is not built with the sanitizers, so their libraries are loaded before it; that of C++ too, for its exceptions.
# What Python never frees is no leak of ours. pytest leaves file descriptor 2 alone: the report is written there.
SANITIZED = LD_PRELOAD="$(foreach name,asan ubsan stdc++,$(shell $(CXX) -print-file-name=lib$(name).so))" \
	ASAN_OPTIONS=detect_leaks=0:halt_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	PYTHONPATH=build/sanitize/package OMP_NUM_THREADS=1

sanitize: .venv/.developing  ## run the tests of the CPU kernels under the sanitizers of the compiler (GCC)
	$(CONFIGURE) build/sanitize -DCMAKE_CXX_COMPILER="$(CXX)" -DZAPHOD_SANITIZE=ON \
		-DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1" >/dev/null
	$(IN_VENV) cmake --build build/sanitize
	rm -rf build/sanitize/package
	mkdir -p build/sanitize/package
	cp -R src/zaphod build/sanitize/package
	rm -f build/sanitize/package/$(KERNELS)/_cpu*
	$(IN_VENV) cmake --install build/sanitize --prefix build/sanitize/package >/dev/null
	$(SANITIZED) $(BIN)/python -c "from zaphod.compute.kernels import _cpu; print(_cpu.__file__)" | grep build/sanitize
	$(SANITIZED) $(BIN)/pytest -p no:cacheprovider --capture=sys tests/compute/kernels/cpu

# Both tools are Debian's: apt-get install g++-aarch64-linux-gnu qemu-user. The second run is on a CPU without dot product.
NEON := aarch64-linux-gnu-g++ -std=c++20 -O2 -ffp-contract=off -Wall -Wextra -Isrc/$(KERNELS)/cpu
test-neon:       ## compare the NEON kernels with plain C++ under QEMU
	@for tool in aarch64-linux-gnu-g++ qemu-aarch64; do \
		command -v $$tool || { echo "$$tool is missing: apt-get install g++-aarch64-linux-gnu qemu-user"; exit 1; }; done
	mkdir -p build/neon
	set -e; for file in src/$(KERNELS)/cpu/ops/*.cpp; do object=build/neon/$$(basename $$file .cpp); \
		$(NEON) -DZAPHOD_ISA=scalar -c $$file -o $$object.scalar.o; \
		$(NEON) -DZAPHOD_ISA=neon -DZAPHOD_NEON -c $$file -o $$object.neon.o; \
		$(NEON) -DZAPHOD_ISA=neondot -DZAPHOD_NEON -march=armv8.2-a+dotprod -c $$file -o $$object.neondot.o; done
	$(NEON) -static src/$(KERNELS)/cpu/dispatch.cpp tests/compute/kernels/cpu/driver.cpp build/neon/*.o -o build/neon/driver
	qemu-aarch64 build/neon/driver
	qemu-aarch64 -cpu cortex-a53 build/neon/driver

check: .venv/.developing  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.developing  ## rewrite files in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.developing  ## measure the PyTorch path and conversion on this machine
	$(BIN)/python -m benchmarks.torch_runner
	$(BIN)/python -m benchmarks.conversion_memory

clean:           ## remove what was made
	rm -f src/$(KERNELS)/_cpu*
	rm -rf .venv .venv-ray build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
