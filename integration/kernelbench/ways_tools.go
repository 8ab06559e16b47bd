package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// toolGuard runs a program for each thing that is to be done, as scripts do.
type toolGuard struct {
	b  *bench
	ns *namespace
	// add and del are the commands for one address, in which ADDR stands for it.
	add, del string
	// restore is the command that loads a list from its standard input. Its
	// lines come from before, each, in which ADDR stands for the address, and
	// after.
	restore             string
	before, each, after string
}

// toolWay makes a way that is built by commands. Each stands on a line; the
// first word is the program.
func toolWay(name, tool, build string, template toolGuard) *way {
	return &way{name: name, tool: tool, build: func(ctx context.Context, b *bench, ns *namespace) (guard, error) {
		g := template
		g.b, g.ns = b, ns
		for line := range strings.Lines(build) {
			if err := g.exec(ctx, strings.TrimSpace(line)); err != nil {
				return nil, err
			}
		}
		return &g, nil
	}}
}

// exec runs a command line in the namespace. Words in it are separated by
// single spaces, and none contains any.
func (g *toolGuard) exec(ctx context.Context, line string) error {
	return g.ns.run(g.b.tools.command(ctx, g.b.dir, strings.Split(line, " ")...))
}

func (g *toolGuard) ban(ctx context.Context, addr netip.Addr) error {
	return g.exec(ctx, strings.ReplaceAll(g.add, "ADDR", addr.String()))
}

func (g *toolGuard) unban(ctx context.Context, addr netip.Addr) error {
	return g.exec(ctx, strings.ReplaceAll(g.del, "ADDR", addr.String()))
}

// load writes the list in the program's language first, which is not counted.
func (g *toolGuard) load(ctx context.Context, file string) (cost, error) {
	script, err := g.script(file)
	if err != nil {
		return cost{}, err
	}
	in, err := os.Open(script)
	if err != nil {
		return cost{}, fmt.Errorf("open a list: %w", err)
	}
	defer func() { _ = in.Close() }()
	cmd := g.b.tools.command(ctx, g.b.dir, strings.Split(g.restore, " ")...)
	cmd.Stdin = in
	return g.ns.measure(cmd)
}

// script writes the list in the program's language.
func (g *toolGuard) script(file string) (name string, err error) {
	name = filepath.Join(g.b.dir, "script")
	var failed error
	err = writeLines(name, func(line func(string)) {
		if g.before != "" {
			line(g.before)
		}
		failed = eachLine(file, func(addr string) error {
			line(strings.ReplaceAll(g.each, "ADDR", addr))
			return nil
		})
		if g.after != "" {
			line(g.after)
		}
	})
	return name, errors.Join(err, failed)
}

func (g *toolGuard) close() error { return nil }
