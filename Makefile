# What a machine needs: Go, make and, for the race detector of test, a C compiler. Everything else is fetched by the go command, pinned by version.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
# Of the commit, not of the build: two builds of one commit are equal.
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null)

LDFLAGS = -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)
BUILD   = CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'
BIN     = bin/qlik-provision

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOLANGCI    = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0

# How long each fuzz target runs.
FUZZTIME ?= 10m

.PHONY: build demo test lint size bench cover docs dist clean lint-full vuln soak fuzz

build:
	$(BUILD) -o $(BIN) ./cmd/qlik-provision

# A run on an embedded sandbox, as often as one likes. Two rows of the file cannot be sent, so the run ends with 1, which is right.
demo: build
	@mkdir -p demo && cp testdata/exports/new-hires.csv demo/
	$(BIN) create demo/new-hires.csv --sandbox --overwrite || test $$? -eq 1
	@echo && head -n 6 demo/new-hires.sandbox.results.csv

test:
	go test -race ./...

lint: size
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'gofmt would change these'; exit 1; }
	GOOS=linux go vet ./...
	GOOS=darwin go vet ./...
	GOOS=windows go vet ./...
	go run $(STATICCHECK) ./...
	go mod tidy -diff

# Refuses tracked files over 1 MB, such as a binary that was committed by mistake.
size:
	@large="$$(git ls-files -z | xargs -0 wc -c | awk '$$1 > 1000000 && !(NF == 2 && $$2 == "total")')"; \
	  test -z "$$large" || { echo "$$large"; echo 'tracked files over 1 MB'; exit 1; }

# All of .golangci.yml. Apart from lint, since building golangci-lint takes minutes where nothing is cached.
lint-full: lint
	go run $(GOLANGCI) run ./...

# Known holes in what is linked. It asks vuln.go.dev, so nothing else depends on it.
vuln:
	go run $(GOVULNCHECK) ./...

# 200,000 rows against a tenant that fails now and then; see CONTRIBUTING.md.
soak:
	SOAK=1 go test -count=1 -timeout 30m -v -run '^TestSoak$$' ./cmd/qlik-provision

# Every fuzz target, one after the other. An input that fails stays in its package's testdata/fuzz as a regression.
# Give it a name that says what it shows, and keep five a target at most.
fuzz:
	@set -e; for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$package; \
		done; \
	done

# First the schedule, in simulated time; then speed, each benchmark with its rival in the same run and their ratio.
bench:
	go test ./provision -run '^TestTable$$' -v -table
	go test -run '^$$' -bench . -benchtime 1x ./...

cover:
	go test -coverprofile=cover.out -coverpkg=./... ./...
	go tool cover -func=cover.out

# The reference, the man pages, the picture, and what the documentation shows of runs, from the program.
docs:
	go test ./cmd/qlik-provision -count=1 -run TestDocs -update

PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
CYCLONEDX = github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

# Static binaries with their checksums and a bill of materials. The licences are left out of it: the tool takes some for others.
# At the end this machine's binary is built again, in another folder and with nothing cached, and must come out the same.
dist:
	rm -rf dist && mkdir dist
	@set -e; for p in $(PLATFORMS); do os=$${p%/*}; arch=$${p#*/}; out=dist/qlik-provision-$$os-$$arch; \
	  if [ $$os = windows ]; then out=$$out.exe; fi; \
	  echo $$out; GOOS=$$os GOARCH=$$arch $(BUILD) -o $$out ./cmd/qlik-provision; done
	go run $(CYCLONEDX) mod -json -std -noserial -notimestamp -type application -output dist/sbom.cdx.json
	cd dist && if command -v sha256sum >/dev/null; then sha256sum qlik-* sbom*; else shasum -a 256 qlik-* sbom*; fi > SHA256SUMS
	@set -e; again=$$(mktemp -d); trap 'rm -rf "$$again"' EXIT; cp -R cmd provision report go.mod go.sum "$$again"; \
	  first=dist/qlik-provision-$$(go env GOOS)-$$(go env GOARCH)$$(go env GOEXE); modules=$$(go env GOMODCACHE); \
	  (cd "$$again" && GOMODCACHE=$$modules GOCACHE="$$again/cache" $(BUILD) -o "$$again/again" ./cmd/qlik-provision); \
	  cmp "$$first" "$$again/again" && echo "$$first: built twice, and equal"

clean:
	rm -rf bin dist demo cover.out
