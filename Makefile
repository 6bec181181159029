# A thin front for meson, ninja and npm. `make help` lists what there is.

BUILD ?= build
PORT  ?= 8443
DATA  ?= data
BENCH ?= all
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local

MESON_FLAGS ?=
export BUILD PORT DATA BENCH FUZZ_SECONDS

.PHONY: help build pages run test lint asan tsan fuzz bench install clean

help: ## this list
	@echo 'Tourniquet keeps a public platform open when an identity on it has been stolen.'
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'
	@echo
	@echo 'Variables: PORT=8443 DATA=data (run), BENCH=gate|ledger|touched|orders|all (bench),'
	@echo '           FUZZ_SECONDS=60 (fuzz), PREFIX=/usr/local DESTDIR= (install).'

build: ## compile the programs, the nginx module and the pages
	@tools/deps build pages
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) $(MESON_FLAGS)
	ninja -C $(BUILD)
	@$(MAKE) --no-print-directory pages

pages: ## compile the pages alone
	@tools/pages $(BUILD)/pages

run: build ## start everything with demo data on https://localhost:8443
	@tools/run

test: build ## run every test: lint, unit, sanitizers, fuzz corpora, flow, fault, browser
	@tools/deps test lint
	@tools/test

lint: ## warnings under gcc and clang, clang-tidy, cppcheck, structure, manual against code
	@tools/deps build lint
	@tools/lint

asan: ## unit tests and fuzz corpora under AddressSanitizer and UBSan
	@tools/deps build lint
	@tools/sanitize address,undefined

tsan: ## the shared map's tests under ThreadSanitizer
	@tools/deps build lint
	@tools/sanitize thread

fuzz: ## fuzz each parser for FUZZ_SECONDS
	@tools/deps build lint
	@tools/fuzz

bench: build ## measure beside the peers; writes build/bench/*.json
	@tools/deps test
	@tools/bench

install: build ## copy programs, module, pages, manual and units below PREFIX
	@tools/install

clean: ## remove what was built (demo data in DATA stays)
	rm -rf $(BUILD) $(BUILD)-clang $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz
