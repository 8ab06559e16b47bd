package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/integration/internal/machine"
)

// bench is one run.
type bench struct {
	options
	dir     string // temporary
	outside string // the network namespace that this program was started in
	tools   *tools
	sender  *sender
	each    map[string]time.Duration // what loading one address took last, by way
	say     func(format string, args ...any)
	tables
}

// tables are what is printed, in this order.
type tables struct {
	bans, unbans, loadTimes, memory, lists, packets, lastPacket, waits table
}

func newTables() tables {
	return tables{
		bans:       table{Title: "One ban, beside so many others", Unit: "µs", Form: formSpread},
		unbans:     table{Title: "Lifting one ban, beside so many others", Unit: "µs", Form: formSpread},
		loadTimes:  table{Title: "Loading so many at once, from the start of the program to its end", Unit: "ms", Form: formMedian},
		memory:     table{Title: "Memory", Unit: "as the column says", Form: formMin},
		lists:      table{Title: "At start, and listing", Unit: "ms", Form: formMedian},
		packets:    table{Title: "What a packet costs more than without any rule", Unit: "ns of one processor", Form: formMin},
		lastPacket: table{Title: "An open connection whose address is banned", Unit: "µs", Form: formWorst},
		waits:      table{Title: "How long another program waits to add an element to its own table", Unit: "ms", Form: formWorst},
	}
}

func (t *tables) all() []*table {
	return []*table{&t.bans, &t.unbans, &t.loadTimes, &t.memory, &t.lists, &t.packets, &t.lastPacket, &t.waits}
}

// run measures everything and prints it. It leaves nothing behind: its files
// are below one temporary directory, which it removes, and all else is in
// namespaces that end with it.
func run(ctx context.Context, o options, out, diag io.Writer) (err error) {
	began, load := time.Now(), machine.Load()
	dir, err := os.MkdirTemp("", "smtpbl-kernelbench-")
	if err != nil {
		return fmt.Errorf("make a temporary directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{options: o, dir: dir, tables: newTables(), each: map[string]time.Duration{}, say: func(format string, args ...any) {
		fmt.Fprintf(diag, "%4.0f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}}
	if b.outside, err = network(); err != nil {
		return err
	}
	b.say("finding nft, ipset and iptables")
	if b.tools = findTools(ctx, dir); b.tools.err != nil {
		b.say("going on without them: %v", b.tools.err)
	}
	if b.sender, err = newSender(); err != nil {
		return err
	}
	defer b.sender.close()
	err = b.measureAll(ctx)
	if ctx.Err() != nil {
		return err
	}
	about := []string{
		machine.Describe(),
		b.tools.describe(),
		fmt.Sprintf("load average %s before and %s after %.0f s; %s", load, machine.Load(), time.Since(began).Seconds(), b.sender.priority),
	}
	// What was measured before something failed is worth printing.
	return errors.Join(err, b.report(out, about))
}

// measureAll fills the tables.
func (b *bench) measureAll(ctx context.Context) error {
	for _, n := range b.sizes {
		if err := b.stage(ctx, n); err != nil {
			return fmt.Errorf("with %d addresses: %w", n, err)
		}
	}
	b.say("open connections")
	if err := b.cutConnections(ctx); err != nil {
		return fmt.Errorf("cut open connections: %w", err)
	}
	b.say("another program's changes")
	if err := b.otherWriter(ctx); err != nil {
		return fmt.Errorf("write beside a bulk load: %w", err)
	}
	return nil
}

// report prints all tables, as text or as one JSON document.
func (b *bench) report(out io.Writer, about []string) error {
	if b.json {
		document := struct {
			About  []string `json:"about"`
			Tables []*table `json:"tables"`
		}{about, b.all()}
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(document); err != nil {
			return fmt.Errorf("print the tables: %w", err)
		}
		return nil
	}
	fmt.Fprintln(out, strings.Join(about, "\n"))
	for _, t := range b.all() {
		if err := t.print(out); err != nil {
			return err
		}
	}
	return nil
}

// count writes a number as people read it.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// milliseconds and microseconds are the units of the tables.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
