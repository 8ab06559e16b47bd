package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test program be what the benchmark runs as its own child.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == loadCommand {
		main()
		return
	}
	os.Exit(m.Run())
}

// needNamespaces skips a test where no namespace can be made, or fails it if
// SMTPBL_REQUIRE_NETNS=1.
func needNamespaces(t *testing.T) {
	t.Helper()
	ns, err := newNamespace()
	if err == nil {
		ns.close()
		return
	}
	if os.Getenv("SMTPBL_REQUIRE_NETNS") == "1" {
		t.Fatalf("network namespaces are required: %v", err)
	}
	t.Skip(err)
}

// little is a run of all there is, each a few times.
func little() options {
	return options{
		json: true, sizes: []int{0, 200}, maxRules: 200, maxIntervalCalls: 200, variantSize: 200,
		rounds: 2, spend: time.Second, loads: 1, loadTime: time.Second, packetRuns: 2, cuts: 3, waitSizes: []int{200},
	}
}

func TestRun(t *testing.T) {
	needNamespaces(t)
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	if err := run(t.Context(), little(), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var document struct{ Tables []*table }
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	// What is measured without any other program must be there.
	for _, want := range []struct{ title, row, column string }{
		{"One ban,", nameOwn, "0"},
		{"One ban,", nameOwn, "200"},
		{"Lifting one ban,", nameOwn, "200"},
		{"Loading", nameFeed, "200"},
		{"At start", "smtpbl by key (Query)", "200"},
		{"At start", "smtpbl, a dump (Bans)", "200"},
		{"What a packet", "no rule, with conntrack: the whole way", "banned, IPv6"},
		{"What a packet", "smtpbl, 200", "other traffic"},
		{"What a packet", "smtpbl, hook input, 200", "banned"},
		{"What a packet", "smtpbl, loaded as a feed, 200", "banned"},
		{"What a packet", "smtpbl, with bans by hand and a feed, 200", "clean mail, IPv6"},
		{"An open connection", nameLast, "3 connections, 200 bans"},
		{"An open connection", nameKilled, "3 connections, 200 bans"},
		{"How long another", nameIdle, "200"},
		{"How long another", nameOwn, "200"},
	} {
		if !has(document.Tables, want.title, want.row, want.column) {
			t.Errorf("no figure for %q, %q, %q", want.title, want.row, want.column)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
	emptyDir(t, os.Getenv("TMPDIR"))
}

// has tells whether the table whose title begins so has a figure.
func has(tables []*table, title, name, column string) bool {
	return slices.ContainsFunc(tables, func(tab *table) bool {
		return strings.HasPrefix(tab.Title, title) && slices.ContainsFunc(tab.Rows, func(r *row) bool {
			return r.Name == name && r.Cells[column].N > 0
		})
	})
}

func emptyDir(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestWithoutPrograms runs where nothing but this program can be had.
func TestWithoutPrograms(t *testing.T) {
	needNamespaces(t)
	t.Setenv("PATH", "")
	o := little()
	o.json = false
	var out bytes.Buffer
	if err := run(t.Context(), o, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`smtpbl +[\d.]+ / [\d.]+ \(1\.00\)`, `nft, hash set +not to be had +not to be had`, `smtpbl, 200 +-?[\d.]+ `} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

// TestInterrupted ends a run as Ctrl-C does.
func TestInterrupted(t *testing.T) {
	needNamespaces(t)
	t.Setenv("PATH", "")
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// By then tables stand.
	err := run(ctx, little(), io.Discard, writerFunc(func(p []byte) {
		if strings.Contains(string(p), "200 addresses: packets") {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	emptyDir(t, os.Getenv("TMPDIR"))
}

type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
