# The few things one types here. Each installs what it needs (Debian 12; root or sudo).
SHELL := /bin/bash
.DEFAULT_GOAL := all
JOBS ?= $(shell nproc)
BUILD := build/release

.PHONY: all demo test check bench bench-stack stack stack-down format clean help

all: $(BUILD)/seckill  ## build ./build/release/seckill
	@echo "Built $(BUILD)/seckill. Try: make demo"

.PHONY: $(BUILD)/seckill
$(BUILD)/seckill:
	@scripts/install-packages build
	@[ -f $(BUILD)/CMakeCache.txt ] || cmake --preset release -DSECKILL_TESTS=OFF >/dev/null
	@cmake --build $(BUILD) --target seckill -j $(JOBS)

demo: $(BUILD)/seckill  ## a whole sale: 2,000 shoppers rush 100 cars, then the audit; no server, no config
	@$(BUILD)/seckill demo

test:  ## all tests, with a part under ASan and UBSan: what CI runs
	@scripts/install-packages test
	@cmake --preset release -DSECKILL_TESTS=ON >/dev/null
	@cmake --build $(BUILD) -j $(JOBS)
	@cmake --preset dev -DSECKILL_TESTS=ON >/dev/null
	@cmake --build build/dev --target unit_tests -j $(JOBS)
	@cd build/dev && ctest -L unit -j $(JOBS) --output-on-failure --progress || $(CURDIR)/scripts/why-failed .
	@cd $(BUILD) && $(CURDIR)/scripts/with-promtool ctest -j $(JOBS) --output-on-failure --progress || $(CURDIR)/scripts/why-failed .

# Quick refusals first; then all in one process under both sanitizers (tests/CMakeLists.txt says what is left
# to release builds, and why), eight fuzzers for a minute each, clang-tidy.
check: test  ## test, then ASan+UBSan and TSan, fuzzing, clang-tidy, format, shell scripts
	@scripts/install-packages check
	@clang-format-19 --dry-run --Werror $$(git ls-files '*.cc' '*.h')
	@shellcheck $$(grep -lE "^#!.*bash" scripts/*) deploy/stack/*.sh deploy/jmeter/run tests/stack/jmeter .ci/run
	@yamllint deploy/compose.yml
	@for preset in dev tsan; do \
	  cmake --preset $$preset >/dev/null && cmake --build --preset $$preset -j $(JOBS) && \
	  { scripts/with-promtool ctest --preset $$preset -j $(JOBS) --progress || scripts/why-failed build/$$preset; } || exit 1; done
	@JOBS=$(JOBS) scripts/fuzz --seconds 60
	@JOBS=$(JOBS) scripts/lint

bench:  ## speed, beside peers in the same run; docs/performance.md says how to read it
	@scripts/install-packages bench
	@cmake --preset bench -DSECKILL_TESTS=OFF >/dev/null
	@cmake --build build/bench -j $(JOBS)
	@scripts/bench build/bench

bench-stack:  ## speed through real Redis, Kafka and MariaDB, beside an Express service (npm)
	@scripts/install-packages bench-stack
	@cmake --preset bench -DSECKILL_TESTS=OFF >/dev/null
	@cmake --build build/bench --target seckill kafka_bare -j $(JOBS)
	@cd bench/node && npm ci --silent
	@scripts/bench-stack build/bench

stack:  ## real Redis, MariaDB and Kafka on this machine, without Docker (BROKERS=3: safe Kafka)
	@scripts/stack start $(if $(BROKERS),--brokers $(BROKERS))

stack-down:  ## stop them; their data stays in .stack
	@scripts/stack stop

format:  ## clang-format has the last word on spaces
	@scripts/install-packages check
	@clang-format-19 -i $$(git ls-files '*.cc' '*.h')

clean:  ## remove build/
	rm -rf build

help:  ## this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 20
