package ufw

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// try has iptables-restore check a text without loading it. Where it refuses,
// the error tells whether it would have refused the file as it is, too.
func (h *Harness) try(ctx context.Context, c *change) error {
	err := h.test(ctx, c.family, c.text)
	if err == nil {
		return nil
	}
	if was := h.test(ctx, c.family, c.rules.text); was != nil {
		return fmt.Errorf("%s is refused by %s-restore as it is, without the harness: %w", c.path, c.tool, was)
	}
	return fmt.Errorf("check %s with the harness: %w", c.path, err)
}

func (h *Harness) test(ctx context.Context, f family, text []byte) error {
	_, err := h.run(ctx, f.complete(string(text)), f.tool+"-restore", "--test", "--wait")
	return err
}

// complete declares the chains that a rules file leads to and that ufw makes
// elsewhere, such as ufw-logging-deny: while ufw is disabled they do not exist,
// and the check must not depend on that.
func (f family) complete(text string) string {
	missing := f.undeclared(text)
	var b strings.Builder
	filter := false
	for line := range strings.Lines(text) {
		b.WriteString(line)
		if strings.HasPrefix(line, "*") && !filter {
			if filter = strings.TrimSpace(line) == "*filter"; filter {
				for _, chain := range missing {
					b.WriteString(":" + chain + " - [0:0]\n")
				}
			}
		}
	}
	return b.String()
}

// undeclared lists the chains of ufw that a file uses and does not declare.
func (f family) undeclared(text string) []string {
	declared, used := map[string]bool{}, []string{}
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, ":"); ok {
			name, _, _ = strings.Cut(name, " ")
			declared[name] = true
			continue
		}
		r, err := parseRule(line)
		if err != nil || strings.HasPrefix(line, "#") {
			continue
		}
		for _, name := range []string{r.chain(), r.target()} {
			if strings.HasPrefix(name, "ufw") {
				used = append(used, name)
			}
		}
	}
	used = slices.DeleteFunc(used, func(name string) bool { return declared[name] })
	slices.Sort(used)
	return slices.Compact(used)
}
