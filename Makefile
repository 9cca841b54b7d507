SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO ?= go
FUZZTIME ?= 1m
BENCH ?= .
TESTFLAGS ?=
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
CACHE := $(or $(MNW_TEST_CACHE),/var/cache/mnw-agent)

export CGO_ENABLED := 0

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## the agent, one static binary: ./mnw-agent
	$(GO) build -trimpath -o mnw-agent ./agent/mnw-agent

# The tests run the agent, which Go's cache of test results does not see: -count=1.
# Most of a test is waiting for a node: several go side by side on each processor.
PARALLEL ?= $(shell echo $$((2 * $$(nproc))))
GOTEST := $(GO) test -count=1 -parallel=$(PARALLEL) -timeout=14m $(TESTFLAGS)

.PHONY: test
test: ## every test, on real nodes; without root those that can do without, and the names of the others
	sh test/prepare.sh
	$(GO) vet ./...
ifeq ($(shell id -u),0)
	$(GOTEST) ./...
else
	$(GOTEST) -v ./... | grep -Ev '^ *(=== |--- PASS|PASS$$)'
endif

.PHONY: demo
demo: ## the move of a server to a new layout, on a node that boots for it (root)
	sh test/prepare.sh
	$(GO) run ./test/demo

.PHONY: bench
bench: ## every benchmark; the speed of the agent as ratios to yardsticks (BENCH=regexp)
	sh test/prepare.sh
	$(GO) test -run='^$$' -bench='$(BENCH)' -timeout=30m ./...

# Go would spend the whole time on making one input smaller: 100 tries are enough.
# And it sometimes takes the end of the time for a failure, which it is not.
.PHONY: fuzz
fuzz: ## every fuzz test for FUZZTIME, one minute by default; what fails is told at the end
	@failed=; said=$$(mktemp); trap 'rm -f $$said' EXIT; \
	for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list='^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			$(GO) test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=100x $$package | tee $$said || \
				grep -q '^ *context deadline exceeded$$' $$said || failed+=" $$package:$$target"; \
		done; \
	done; \
	test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@files=$$(gofmt -l .); test -z "$$files" || { echo "not in the format of gofmt:" $$files; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

.PHONY: clean
clean: ## away with the binary and the cached images of the nodes
	rm -f mnw-agent
	rm -rf $(CACHE)/image-* $(CACHE)/.\#image-*
