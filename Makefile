# A machine needs Go, make and, for the race detector of test, a C compiler. Everything else is fetched
# by the go command, pinned by version. The programs of the targets below are in .ci.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
# The date of the commit, not of the build: two builds of one commit are equal.
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null)
EPOCH   ?= $(shell git log -1 --format=%ct 2>/dev/null)

LDFLAGS = -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)
BUILD   = CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'
BIN     = bin/qlik-provision

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOLANGCI    = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
CYCLONEDX   = github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
# From 2.46.0 it needs modules that the Go module proxy does not always serve.
NFPM        = github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2

# The programs that build, test and release, which ./... leaves out since their folder begins with a dot.
TOOLS = ./.ci/lint ./.ci/release ./.ci/windows/prepare

# How long each fuzz target runs.
FUZZTIME ?= 10m

# What test-windows runs under Wine: the packages with operating-system code, without the tests that take
# long and show nothing of Windows that another does not show.
WINDOWS_TESTS ?= -skip 'TestAJournal(CutOff|WithAnyByte)|TestKilled(Undo|Disable|Update)|TestSoak|TestSecretsThatTheTenantEchoes' \
	./report ./cmd/qlik-provision

# What runs without the race detector, since it shows no more there and takes several times as long: tests that
# simulate long schedules, run one command after the other and read what it says, or read what a crash leaves at every
# point; and those that measure memory, alone. With the race detector run all others, among them runs that are killed or
# interrupted, and the scripts that are not listed here.
MEMORY = ^TestMemory
PLAIN_TESTS = Estimate|ScheduleIsNear|Docs|HintsOf|HostileResultFile|SecretsThatTheTenantEchoes|WrongConfiguration
PLAIN_SCRIPTS = as-it-began|columns|contexts|credentials|exists|hints|log|outcomes|plan|refused|report|safe|typing|way-on
PLAIN_CRASHES = ARunThatLosesPowerAnywhere|AJournalCutOff|AJournalWithAnyByte
PLAIN = ^Test($(PLAIN_TESTS)|$(PLAIN_CRASHES))|^TestScripts$$/^($(PLAIN_SCRIPTS))$$

.PHONY: build demo test test-windows lint lint-full vuln soak fuzz bench cover docs \
	dist archives packages test-packages manifests clean
# The steps of a release write to one folder.
.NOTPARALLEL:

build:
	$(BUILD) -o $(BIN) ./cmd/qlik-provision

# A run on an embedded sandbox, as often as one likes. Two rows of the file cannot be sent: it ends with 1.
demo: build
	@mkdir -p demo && cp testdata/exports/new-hires.csv demo/
	$(BIN) create demo/new-hires.csv --sandbox --overwrite || test $$? -eq 1
	@echo && head -n 6 demo/new-hires.sandbox.results.csv

# The longest packages first, three of them and both kinds at once: most tests wait now and then.
test:
	@{ go test -run '$(PLAIN)' ./provision ./cmd/qlik-provision ./report && go test $(TOOLS); } & plain=$$!; \
	go test -race -p 3 -skip '$(MEMORY)|$(PLAIN)' ./provision ./report/page ./report ./...; race=$$?; \
	wait $$plain && exit $$race
	go test -run '$(MEMORY)' ./provision ./cmd/qlik-provision

# The tests of the Windows build, run by Wine. Where there is no Wine it says what to install.
test-windows:
	.ci/windows/test $(WINDOWS_TESTS)

lint:
	go run ./.ci/lint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'gofmt would change these'; exit 1; }
	GOOS=linux go vet ./... $(TOOLS)
	GOOS=darwin go vet ./...
	GOOS=windows go vet ./...
	go run $(STATICCHECK) ./... $(TOOLS)
	go mod tidy -diff

# All of .golangci.yml. Apart from lint, since building golangci-lint takes minutes where nothing is cached.
lint-full: lint
	go run $(GOLANGCI) run ./...

# Known vulnerabilities in what is linked. It asks vuln.go.dev, so nothing else depends on it.
vuln:
	go run $(GOVULNCHECK) ./...

# 200,000 rows against a tenant that fails now and then; see CONTRIBUTING.md.
soak:
	SOAK=1 go test -count=1 -timeout 30m -v -run '^TestSoak$$' ./cmd/qlik-provision

# Every fuzz target, one after the other. An input that fails stays in its package's testdata/fuzz as a
# regression. Give it a name that says what it shows, and keep five a target at most.
fuzz:
	@set -e; for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$package; \
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
# Where the releases are; packages and manifests name it. A release has to give it: the example leads nowhere.
REPOSITORY ?= https://example.com/OWNER/qlik-provision
# 1.2.3 of the tag v1.2.3, 1.2.3-4-gabcdef0 after it, 0.0.0-abcdef0 where there is no tag.
RELEASE ?= $(shell echo '$(VERSION)' | sed -e 's/^v\([0-9]\)/\1/' -e '/^[0-9]*\.[0-9]*\.[0-9]/!s/^/0.0.0-/')
RELEASE_TOOL = dist/build/release
HOST = $$(go env GOOS)_$$(go env GOARCH)

# All that a release consists of, below dist; dist/build has what it is made from.
dist: packages manifests

# The archives of all platforms, their checksums and a bill of materials. The licences are left out of the
# bill: the tool takes some for others. At the end this machine's archive is made again, from a program
# built in another folder with nothing cached, and must come out the same.
archives: build
	rm -rf dist && mkdir -p dist/build/files/man dist/build/files/completions
	go build -o $(RELEASE_TOOL) ./.ci/release
	cp LICENSE README.md CHANGELOG.md SECURITY.md dist/build/files/
	mkdir dist/build/files/docs && cp -R docs/*.md docs/img dist/build/files/docs/
	$(RELEASE_TOOL) licenses -o dist/build/files/THIRD-PARTY-LICENSES ./cmd/qlik-provision $(PLATFORMS)
	cp docs/man/*.1 dist/build/files/man/
	cd dist/build/files/completions && program=../../../../$(BIN) && \
	  $$program completion bash > qlik-provision.bash && $$program completion zsh > _qlik-provision && \
	  $$program completion fish > qlik-provision.fish && $$program completion powershell > qlik-provision.ps1
	@set -e; for p in $(PLATFORMS); do os=$${p%/*}; arch=$${p#*/}; build=dist/build/$${os}_$$arch; \
	  exe=; kind=tar.gz; if [ $$os = windows ]; then exe=.exe; kind=zip; fi; \
	  archive=dist/qlik-provision_$(RELEASE)_$${os}_$$arch.$$kind; echo $$archive; \
	  GOOS=$$os GOARCH=$$arch $(BUILD) -o $$build/qlik-provision$$exe ./cmd/qlik-provision; \
	  $(RELEASE_TOOL) archive -o $$archive -time '$(DATE)' $$build dist/build/files; done
	go run $(CYCLONEDX) mod -json -std -noserial -notimestamp -type application \
	  -output dist/qlik-provision_$(RELEASE)_sbom.cdx.json
	$(RELEASE_TOOL) checksums dist
	@set -e; again=$$(mktemp -d); trap 'rm -rf "$$again"' EXIT; cp -R cmd provision report go.mod go.sum "$$again"; \
	  modules=$$(go env GOMODCACHE); program=qlik-provision$$(go env GOEXE); mkdir "$$again/build"; \
	  (cd "$$again" && GOMODCACHE=$$modules GOCACHE="$$again/cache" $(BUILD) -o build/$$program ./cmd/qlik-provision); \
	  cmp dist/build/$(HOST)/$$program "$$again/build/$$program"; \
	  first=$$(ls dist/qlik-provision_*_$(HOST).*); again_archive="$$again/$${first#dist/}"; \
	  $(RELEASE_TOOL) archive -o "$$again_archive" -time '$(DATE)' "$$again/build" dist/build/files; \
	  cmp "$$first" "$$again_archive" && echo "$$first: built twice, and equal"

# deb and rpm packages for Linux, with the programs of the archives.
packages: archives
	mkdir -p dist/build/man && for f in dist/build/files/man/*.1; do gzip -9n < $$f > dist/build/man/$${f##*/}.gz; done
	@set -e; for arch in amd64 arm64; do for kind in deb rpm; do \
	  VERSION=$(RELEASE) ARCH=$$arch REPOSITORY=$(REPOSITORY) SOURCE_DATE_EPOCH=$(EPOCH) \
	    go run $(NFPM) package --config .ci/release/nfpm.yaml --packager $$kind \
	    --target dist/qlik-provision_$(RELEASE)_linux_$$arch.$$kind; done; done
	$(RELEASE_TOOL) checksums dist

# Installs and removes the packages in folders of their own, with dpkg and rpm where they are here.
test-packages: packages
	.ci/release/test-packages dist

# The manifests of winget, Scoop and Homebrew, from the version and the checksums.
manifests: archives
	$(RELEASE_TOOL) manifests -version '$(RELEASE)' -repository '$(REPOSITORY)' -o dist/manifests dist/SHA256SUMS

clean:
	rm -rf bin dist demo cover.out .wine
