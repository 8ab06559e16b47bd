// Command detection makes docs/DETECTION.md: it gives every line of a table to
// smtpbl's parsers, to fail2ban's line tester and to sshguard's parser, and
// writes down who blames whom.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	name := flag.String("o", "docs/DETECTION.md", "the document to write")
	flag.Parse()
	err := generate(ctx, *name)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "detection: error:", err)
		os.Exit(1)
	}
}

// generate writes the document. All else that it writes is below one temporary
// directory, which it removes.
func generate(ctx context.Context, name string) error {
	dir, err := os.MkdirTemp("", "smtpbl-detection-")
	if err != nil {
		return fmt.Errorf("make a directory for the other programs: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	f, versions, err := fetch(ctx, dir)
	if err != nil {
		return err
	}
	sections := matrix()
	g := ours(sections)
	if err := g.addPeers(ctx, f, sections, dir); err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(document(sections, g, versions)), 0o644); err != nil {
		return fmt.Errorf("write the matrix: %w", err)
	}
	return nil
}
