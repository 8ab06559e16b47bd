package ufw

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// live is what the kernel has of the chains that matter, as iptables-save
// prints them.
type live struct {
	active bool     // ufw's chains are loaded
	exists bool     // our chain is there
	input  []string // the rules of ufw's input chain
	ours   []string // the rules of our chain
}

// look reads the running firewall.
func (h *Harness) look(ctx context.Context, f family) (*live, error) {
	text, err := h.run(ctx, "", f.tool+"-save", "-t", "filter")
	if err != nil {
		return nil, fmt.Errorf("read the running firewall: %w", err)
	}
	return f.readLive(text), nil
}

// readLive reads the output of iptables-save.
func (f family) readLive(text string) *live {
	var l live
	// ufw itself tells by this chain whether it runs (ufw_status).
	running := strings.Replace(f.input, "before", "user", 1)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, ":"); ok {
			name, _, _ = strings.Cut(name, " ")
			l.active = l.active || name == running
			l.exists = l.exists || name == f.chain
			continue
		}
		r, err := parseRule(line)
		if err != nil {
			continue // not of ours: they have no quotes
		}
		switch r.chain() {
		case f.input:
			l.input = append(l.input, line)
		case f.chain:
			l.ours = append(l.ours, line)
		}
	}
	return &l
}

// loaded tells what is wrong with the harness in the kernel; "" is nothing.
func (f family) loaded(l *live, s Spec) string {
	established := f.establishedAt(l)
	jumps, misplaced := []string{}, false
	for i, line := range l.input {
		if f.isJump(line) {
			jumps = append(jumps, line)
			misplaced = misplaced || established >= 0 && i > established
		}
	}
	switch {
	case !l.active:
		return "ufw is not active"
	case !l.exists || len(jumps) == 0:
		return "the harness is not loaded"
	case misplaced:
		return "the harness comes after the rule that accepts ESTABLISHED"
	case !slices.Equal(jumps, f.jumps(s)) || !slices.Equal(l.ours, []string{f.markRule(s)}):
		return "the harness that is loaded is not that of the configuration"
	}
	return ""
}

func (f family) isJump(line string) bool {
	r, err := parseRule(line)
	return err == nil && r.target() == f.chain
}

// establishedAt is the index of the rule that accepts established connections,
// or -1.
func (f family) establishedAt(l *live) int {
	return slices.IndexFunc(l.input, func(line string) bool {
		r, err := parseRule(line)
		return err == nil && r.acceptsEstablished()
	})
}
