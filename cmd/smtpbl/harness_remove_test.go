package main

import (
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
)

// TestDeleteTable deletes the table with a ban, which the history brings back.
// The command itself looks after the machine's ufw too: that is run in the
// laboratory (integration/packaging).
func TestDeleteTable(t *testing.T) {
	if os.Geteuid() != 0 {
		nstest.Lacks(t, "changes to the kernel's tables need root")
	}
	cfg := config.Default()
	cfg.StateDir, cfg.RuntimeDir, cfg.NFT.Table = t.TempDir(), t.TempDir(), "smtpbl_delete"
	add := func(addr string) {
		t.Helper()
		req := &control.Request{Op: control.OpAdd, Prefixes: []netip.Prefix{netip.MustParsePrefix(addr)}, For: time.Hour}
		if _, err := changeDirectly(t.Context(), cfg, req, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
	}
	want := func(n int) {
		t.Helper()
		bans, err := listBans(t.Context(), cfg)
		if err != nil || len(bans) != n {
			t.Fatalf("bans %v, %v, want %d", bans, err, n)
		}
	}
	add("192.0.2.1/32")
	want(1)
	for range 2 { // the second time there is nothing to delete
		if err := deleteTable(&cfg); err != nil {
			t.Fatal(err)
		}
		want(0)
	}
	add("192.0.2.2/32")
	want(2)

	release, err := lock(cfg.RuntimeDir)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if err := deleteTable(&cfg); err == nil || !strings.Contains(err.Error(), "another smtpbl is running") {
		t.Errorf("beside a service: %v", err)
	}
	want(2)
}
