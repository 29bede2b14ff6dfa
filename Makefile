# What a machine needs: Go and make. Everything else is fetched by the go command, pinned by version.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
# Of the commit, not of the build: two builds of one commit are equal.
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null)

LDFLAGS = -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)
BUILD   = CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'
BIN     = bin/qlik-provision

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build demo test lint bench cover clean

build:
	$(BUILD) -o $(BIN) ./cmd/qlik-provision

# A run on an embedded sandbox, as often as one likes. Three rows of the file cannot be done, so the run ends with 1, which is right.
demo: build
	@mkdir -p demo && cp testdata/exports/new-hires.csv demo/
	$(BIN) create demo/new-hires.csv --sandbox --overwrite || test $$? -eq 1
	@echo && head -n 6 demo/new-hires.sandbox.results.csv

test:
	go test -race ./...

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'gofmt would change these'; exit 1; }
	GOOS=linux go vet ./...
	GOOS=darwin go vet ./...
	GOOS=windows go vet ./...
	go run $(STATICCHECK) ./...
	go mod tidy -diff

# First the schedule, in simulated time; then speed, each benchmark with its rival in the same run and their ratio.
bench:
	go test -run '^TestTable$$' -v -table ./provision | grep -v '^[=-]'
	go test -run '^$$' -bench . -benchtime 1x ./...

cover:
	go test -coverprofile=cover.out -coverpkg=./... ./...
	go tool cover -func=cover.out

clean:
	rm -rf bin dist demo cover.out
