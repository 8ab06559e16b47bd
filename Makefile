# The targets that people use are explained by "make help" and in README.md.

# Under sudo the PATH often lacks the place where Go installs itself.
export PATH := $(PATH):/usr/local/go/bin
# One static binary; -race below is the exception. The version comes from git
# through the linker, so Go need not ask git once more (which fails when the
# clone belongs to another user).
export CGO_ENABLED := 0
export GOFLAGS := -buildvcs=false

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
SBINDIR    ?= $(PREFIX)/sbin
MANDIR     ?= $(PREFIX)/share/man
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
DESTDIR    ?=

VERSION  := $(shell git -c safe.directory='*' describe --tags --always --dirty 2>/dev/null || echo unknown)
LINT     := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 2000x
BENCH    ?= .
ARGS     ?=
CORPUS   ?=

.DEFAULT_GOAL := build
# The steps of "make test" have an order, and each uses all processors.
.NOTPARALLEL:
.PHONY: help build run demo test vm-test vm-quick deb rpm capture detection corpus vet lint fuzz race bench bench-kernel chaos simulate install uninstall clean need-root need-gcc need-man need-vm

help:
	@echo 'make build           builds bin/smtpbl'
	@echo 'sudo make demo       shows everything with a real mail server, changes nothing on this machine'
	@echo 'sudo make run        builds and runs the service on this machine; ARGS=--dry-run only decides and says'
	@echo 'sudo make test       vet, lint, fuzz, vm-quick, unit and integration tests'
	@echo 'make lint            only the linters'
	@echo 'make fuzz            each fuzz target for FUZZTIME=$(FUZZTIME), a number of inputs or a time like 5m'
	@echo 'sudo make vm-test    everything on Debian 11, 12 and 13 with five kernels, in virtual machines; ARGS="-row trixie:6.18"'
	@echo 'sudo make vm-quick   Debian 12 alone: installs the package, attacks it and cuts the power; "make test" does it too'
	@echo 'sudo make capture    runs other mail servers and writes their genuine log lines as testdata; ARGS=exim does one'
	@echo 'make bench           benchmarks, then a race with other programs; BENCH=REGEX chooses, ARGS=-fetch fetches contenders'
	@echo 'make bench-kernel    what bans cost in the kernel, beside nft, ipset and iptables; as root, ARGS=-quick or -json'
	@echo 'sudo make chaos      20,000 faults under traffic: who gets through, and for how long; ARGS="-faults=N -seed=S"'
	@echo 'make simulate        attackers and honest people in virtual time; ARGS=sweep, flood, memory or -json'
	@echo 'make detection       makes docs/DETECTION.md anew, with fail2ban and sshguard from Debian'
	@echo 'make corpus          scores the parsers on labelled lines, CORPUS=DIR; ARGS=-v shows each fault'
	@echo 'make deb, make rpm   packages for Debian and Ubuntu, Fedora and Red Hat, in dist; ARCH=arm64'
	@echo 'sudo make install    binary, unit and its user, man pages and configuration below PREFIX=$(PREFIX), with DESTDIR in front'
	@echo 'sudo make uninstall  removes what install put there, but no configuration and no state'

build:
	go build -trimpath -ldflags '-s -w -X main.buildVersion=$(VERSION)' -o bin/smtpbl ./cmd/smtpbl

# Bans are real and stay in the kernel until they end: see "Undo" in README.md.
run: need-root build
	exec bin/smtpbl run $(ARGS)

demo: need-root
	go run ./integration/demo

# The go tests come last, so that the output ends with their own lines. The virtual
# machine mostly waits, so it runs beside the linters and the fuzzing; whatever ends
# those ends it too.
test: need-root need-gcc need-man need-vm
	@log=$$(mktemp); setsid $(MAKE) vm-quick >"$$log" 2>&1 & machine=$$!; \
	trap 'kill -- -$$machine 2>/dev/null; rm -f "$$log"' EXIT; trap 'exit 1' INT TERM; \
	$(MAKE) vet lint fuzz || exit; \
	wait $$machine; code=$$?; cat "$$log"; exit $$code
	$(MAKE) race

vet:
	go vet ./...

lint:
	$(LINT) run ./...

# By number, because go test can report the end of a given time as a failure
# ("context deadline exceeded") when an input is just being tried. The targets are
# looked for in the source: asking go test would build every package's tests, and
# "make vet" looks at all of them once.
fuzz:
	@set -e; files=$$(grep -rl '^func Fuzz' --include='*_test.go' .); \
	for file in $$files; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			go test -vet=off -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
		done; \
	done

# With SMTPBL_REQUIRE_NETNS=1 a privileged test that cannot run is a failure.
race:
	CGO_ENABLED=1 SMTPBL_REQUIRE_NETNS=1 go test -vet=off -race -shuffle=on -timeout 15m ./...

# Virtual machines without a network card; scripts/vm-test/README.md has more.
vm-test: need-root
	go run ./scripts/vm-test $(ARGS)

vm-quick: need-root
	go run ./scripts/vm-test -quick $(ARGS)

# Mail servers from Debian's packages, each in namespaces of its own.
capture: need-root
	go run ./integration/capture $(ARGS)

# The race needs no root, and contenders that are not installed are left out;
# ARGS=-fetch fetches them from Debian into a temporary directory.
bench: build
	go test -run '^$$' -bench '$(BENCH)' -benchtime 200ms -benchmem $$(go list ./... | grep -v /integration)
	go run ./integration/bench $(ARGS)

# In network namespaces of its own, with programs from Debian's packages where
# they are not installed. It takes some minutes, with ARGS=-quick about one.
bench-kernel: need-root
	go run ./integration/kernelbench $(ARGS)

# In namespaces of its own, with nft from Debian's package.
chaos: need-root
	go run ./integration/chaos $(ARGS)

# In virtual time, without root. ARGS="sweep -set ban_time=24h" shows other values.
simulate:
	go run ./integration/simulate $(ARGS)

# Nothing is installed: the packages are unpacked into a temporary directory.
detection:
	go run ./integration/detection

corpus:
	@[ -n '$(CORPUS)' ] || { echo 'which lines? make corpus CORPUS=DIR' >&2; exit 1; }
	go run ./integration/corpus $(ARGS) '$(CORPUS)'

# Without ARCH for amd64. The version and the time in them come from git, or from
# PACKAGE_VERSION and SOURCE_DATE_EPOCH.
deb rpm:
	go run ./scripts/package $(if $(ARCH),-arch $(ARCH)) $@

# A configuration that is there is the administrator's: it is never touched.
install: build
	install -D -m 0755 bin/smtpbl $(DESTDIR)$(SBINDIR)/smtpbl
	install -D -m 0644 cmd/smtpbl/internal/man/smtpbl.8 $(DESTDIR)$(MANDIR)/man8/smtpbl.8
	install -D -m 0644 cmd/smtpbl/internal/man/smtpbl.toml.5 $(DESTDIR)$(MANDIR)/man5/smtpbl.toml.5
	install -d -m 0755 $(DESTDIR)$(UNITDIR)
	sed 's|/usr/local/sbin/smtpbl|$(SBINDIR)/smtpbl|' cmd/smtpbl/internal/unit/smtpbl.service > $(DESTDIR)$(UNITDIR)/smtpbl.service
	chmod 0644 $(DESTDIR)$(UNITDIR)/smtpbl.service
	install -D -m 0644 cmd/smtpbl/internal/unit/sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/smtpbl.conf
	@if [ -z '$(DESTDIR)' ] && command -v systemd-sysusers >/dev/null; then systemd-sysusers '$(SYSUSERSDIR)/smtpbl.conf'; fi
	@if [ -e '$(DESTDIR)$(SYSCONFDIR)/smtpbl/smtpbl.toml' ]; then \
		echo 'keeping $(DESTDIR)$(SYSCONFDIR)/smtpbl/smtpbl.toml'; \
	else \
		install -D -m 0644 cmd/smtpbl/internal/config/smtpbl.toml '$(DESTDIR)$(SYSCONFDIR)/smtpbl/smtpbl.toml'; \
	fi
	@if [ -z '$(DESTDIR)' ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi

uninstall:
	@if [ -z '$(DESTDIR)' ] && [ -d /run/systemd/system ] && [ -e '$(UNITDIR)/smtpbl.service' ]; then systemctl disable --now smtpbl; fi
	rm -f $(DESTDIR)$(SBINDIR)/smtpbl $(DESTDIR)$(MANDIR)/man8/smtpbl.8 $(DESTDIR)$(MANDIR)/man5/smtpbl.toml.5 $(DESTDIR)$(UNITDIR)/smtpbl.service $(DESTDIR)$(SYSUSERSDIR)/smtpbl.conf
	@if [ -z '$(DESTDIR)' ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
	@echo 'kept: $(DESTDIR)$(SYSCONFDIR)/smtpbl, /var/lib/smtpbl, the user smtpbl and the bans in the kernel; README.md says how to remove them'

clean:
	rm -rf bin dist

need-root:
	@[ "$$(id -u)" = 0 ] || { echo 'this target needs root: use sudo make' >&2; exit 1; }

need-gcc:
	@command -v gcc >/dev/null || { echo 'the race detector needs a C compiler: apt-get install gcc libc6-dev' >&2; exit 1; }

need-man:
	@command -v mandoc >/dev/null && command -v groff >/dev/null || { echo 'the manual pages are checked with mandoc and groff: apt-get install mandoc groff-base' >&2; exit 1; }

need-vm:
	@go run ./scripts/vm-test -tools
