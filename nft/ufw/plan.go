package ufw

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// planner makes the text for iptables-restore --noflush that changes what is
// loaded; "" changes nothing.
type planner func(f family, l *live, s Spec) (string, error)

// loading puts the harness into a running ufw, all of it or nothing.
func (f family) loading(l *live, s Spec) (string, error) {
	if !l.active || f.loaded(l, s) == "" {
		return "", nil // ufw loads the files when it is enabled
	}
	at := f.establishedAt(l)
	if at < 0 {
		return "", errNoEstablished
	}
	var b strings.Builder
	b.WriteString("*filter\n:" + f.chain + " - [0:0]\n")
	for i, line := range l.input {
		if f.isJump(line) {
			b.WriteString("-D" + strings.TrimPrefix(line, "-A") + "\n")
			if i < f.establishedAt(l) {
				at--
			}
		}
	}
	b.WriteString(f.markRule(s) + "\n")
	for i, line := range f.jumps(s) {
		words := strings.TrimPrefix(line, "-A "+f.input)
		fmt.Fprintf(&b, "-I %s %d%s\n", f.input, at+1+i, words)
	}
	b.WriteString("COMMIT\n")
	return b.String(), nil
}

// unloading takes the harness out of the kernel, also where ufw is disabled and
// has left the chain behind.
func (f family) unloading(l *live, _ Spec) (string, error) {
	if !l.exists {
		return "", nil
	}
	var b strings.Builder
	b.WriteString("*filter\n")
	for _, line := range l.input {
		if f.isJump(line) {
			b.WriteString("-D" + strings.TrimPrefix(line, "-A") + "\n")
		}
	}
	b.WriteString("-F " + f.chain + "\n-X " + f.chain + "\nCOMMIT\n")
	return b.String(), nil
}

// Reasons for which the running firewall is not changed.
var (
	errNoEstablished = errors.New("the running firewall has no rule that accepts ESTABLISHED, it is not what the files say: ufw reload makes it so")
	errMeanwhile     = errors.New("another program changed the running firewall at the same time: try again")
)

// load changes what is loaded, for both families, after a trial of both.
// Should the second fail all the same, a harness that is new in the first is
// taken out again.
func (h *Harness) load(ctx context.Context, plan planner) (changed bool, err error) {
	for _, trial := range []bool{true, false} {
		var fresh []family // have a harness now that they had not
		for _, f := range families {
			l, did, err := h.loadOne(ctx, f, plan, trial)
			if err != nil {
				return false, errors.Join(err, h.unload(ctx, fresh))
			}
			changed = changed || did
			if did && !trial && !l.exists {
				fresh = append(fresh, f)
			}
		}
	}
	return changed, nil
}

func (h *Harness) unload(ctx context.Context, fresh []family) error {
	for _, f := range fresh {
		if _, _, err := h.loadOne(ctx, f, family.unloading, false); err != nil {
			return err
		}
	}
	return nil
}

// loadOne carries a plan out, or tries whether it could be. It returns what was
// loaded before, and whether the plan had anything to change.
func (h *Harness) loadOne(ctx context.Context, f family, plan planner, trial bool) (*live, bool, error) {
	l, err := h.look(ctx, f)
	if err != nil {
		return nil, false, err
	}
	text, err := plan(f, l, h.cfg.Spec)
	if err != nil || text == "" {
		return l, false, err
	}
	args := []string{"--noflush", "--wait"}
	if trial {
		args = append(args, "--test")
	}
	if _, err := h.run(ctx, text, f.tool+"-restore", args...); err != nil {
		return l, false, fmt.Errorf("change the running firewall (%s): %w", f.name, err)
	}
	if trial {
		return l, true, nil
	}
	now, err := h.look(ctx, f)
	if err != nil {
		return l, true, err
	}
	if rest, err := plan(f, now, h.cfg.Spec); err != nil || rest != "" {
		return l, true, fmt.Errorf("change the running firewall (%s): %w", f.name, errMeanwhile)
	}
	return l, true, nil
}
