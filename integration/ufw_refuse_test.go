package integration

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/integration/lab"
)

var errSilence = errors.New("no packet came back")

// edit changes a file of ufw until the test ends.
func edit(t *testing.T, path string, change func(string) string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, []byte(change(string(text))), 0o640))
	t.Cleanup(func() { must(t, os.WriteFile(path, text, 0o640)) })
}

// TestHarnessRefuses spoils what the harness depends on: nothing is changed and
// the reason is told.
func TestHarnessRefuses(t *testing.T) {
	const before, before6, defaults = lab.UFWDir + "/before.rules", lab.UFWDir + "/before6.rules", "/etc/default/ufw"
	tests := map[string]struct {
		file   string
		change func(string) string
		why    string
	}{
		"rules that cannot be loaded": {before, func(s string) string {
			return strings.Replace(s, "COMMIT", "-A ufw-before-input -j NONSENSE\nCOMMIT", 1)
		}, "refused by iptables-restore as it is"},
		"the second file cannot be loaded": {before6, func(s string) string {
			return strings.Replace(s, "COMMIT", "-A ufw6-before-input -j NONSENSE\nCOMMIT", 1)
		}, "refused by ip6tables-restore as it is"},
		"the second file is empty": {before6, func(string) string { return "" }, "before6.rules: the file is empty"},
		"CR LF":                    {before, func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }, "CR LF"},
		"no IPv6":                  {defaults, func(s string) string { return strings.Replace(s, "IPV6=yes", "IPV6=no", 1) }, "IPV6=no"},
	}
	eachFlavour(t, func(t *testing.T, l *lab.Lab) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				edit(t, tt.file, tt.change)
				was := tree(t)
				refused(t, l, tt.why, "install")
				if diff := cmp.Diff(was, tree(t)); diff != "" {
					t.Errorf("something was changed (-before +after):\n%s", diff)
				}
			})
		}
	})
}

// TestHarnessRefusesMarksOfOthers has other programs use the mark's bits, each
// in another way, or other bits only.
func TestHarnessRefusesMarksOfOthers(t *testing.T) {
	tests := map[string]struct {
		start, end []string
		why        string // "": none, the bits are others
	}{
		"target": {
			strings.Fields("iptables -w -t mangle -A PREROUTING -j MARK --set-xmark 0x100000/0x100000"),
			strings.Fields("iptables -w -t mangle -F PREROUTING"), "chain PREROUTING",
		},
		"connection mark": {
			strings.Fields("ip6tables -w -t mangle -A OUTPUT -j CONNMARK --save-mark"),
			strings.Fields("ip6tables -w -t mangle -F OUTPUT"), "chain OUTPUT",
		},
		"match": {
			strings.Fields("iptables -w -t mangle -A INPUT -m mark --mark 0x80000000/0x80000000 -j ACCEPT"),
			strings.Fields("iptables -w -t mangle -F INPUT"), "chain INPUT",
		},
		"routing": {
			strings.Fields("ip rule add fwmark 0x200000/0x200000 table 100"),
			strings.Fields("ip rule del fwmark 0x200000/0x200000 table 100"), "ip rule",
		},
		"other bits": {
			strings.Fields("iptables -w -t mangle -A PREROUTING -j MARK --set-xmark 0x8000/0x8000"),
			strings.Fields("iptables -w -t mangle -F PREROUTING"), "",
		},
	}
	eachFlavour(t, func(t *testing.T, l *lab.Lab) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				must(t, l.MX.Run(tt.start[0], tt.start[1:]...))
				t.Cleanup(func() { must(t, l.MX.Run(tt.end[0], tt.end[1:]...)) })
				if tt.why == "" {
					harness(t, l, "install")
					harness(t, l, "remove")
					return
				}
				refused(t, l, tt.why, "install")
				disagrees(t, l, tt.why)
			})
		}
	})
}
