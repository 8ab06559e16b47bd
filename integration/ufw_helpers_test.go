package integration

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
	"github.com/smtpbl/smtpbl/nft"
)

// ufwConfig has the table behind the harness. Connections of those banned are
// not ended, so that the tests can see them stall.
const ufwConfig = "[nft]\nhook = \"ufw\"\nkill_sessions = false\n"

// ufwWorld is world with ufw, disabled, on one flavour of iptables.
func ufwWorld(t *testing.T, flavour string) *lab.Lab {
	t.Helper()
	l := world(t)
	must(t, l.ChooseIPTables(flavour))
	must(t, l.ResetUFW())
	t.Cleanup(func() { must(t, l.ClearUFW()) }) // its files do nothing by themselves
	must(t, os.WriteFile(lab.ConfigFile, []byte(ufwConfig), 0o644))
	return l
}

// eachFlavour runs a test with both flavours of iptables.
func eachFlavour(t *testing.T, f func(t *testing.T, l *lab.Lab)) {
	for _, flavour := range lab.IPTables {
		t.Run(flavour, func(t *testing.T) { f(t, ufwWorld(t, flavour)) })
	}
}

// harness runs a command of "smtpbl harness" that is to succeed.
func harness(t *testing.T, l *lab.Lab, args ...string) string {
	t.Helper()
	out, err := l.Smtpbl(append([]string{"harness"}, args...)...)
	must(t, err)
	return out
}

// refused runs a command of "smtpbl harness" that is to fail and to say why.
func refused(t *testing.T, l *lab.Lab, why, command string) {
	t.Helper()
	_, err := l.Smtpbl("harness", command)
	no, ok := errors.AsType[*lab.CLIError](err)
	if !ok || no.Code != 1 || !strings.Contains(no.Stderr, why) || !strings.Contains(no.Stderr, "smtpbl: hint: nothing was changed") {
		t.Errorf("harness %s: %v, want exit status 1 with %q and that nothing was changed", command, err, why)
	}
}

// disagrees expects that files, kernel and configuration are not the same.
func disagrees(t *testing.T, l *lab.Lab, why string) {
	t.Helper()
	out, err := l.Smtpbl("harness", "status")
	no, ok := errors.AsType[*lab.CLIError](err)
	if !ok || no.Code != 1 || !strings.Contains(out, why) {
		t.Errorf("harness status: %v, want exit status 1 with %q:\n%s", err, why, out)
	}
}

// tree is what lies in ufw's directory: mode, owner and text of each file.
func tree(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, filepath.WalkDir(lab.UFWDir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		found[path] = fmt.Sprintf("%v\n%s", info.Mode(), text)
		return err
	}))
	return found
}

// rulesIn prints the rules of a chain in the kernel; "" where there is none.
func rulesIn(t *testing.T, l *lab.Lab, chain string) string {
	t.Helper()
	tool := "iptables"
	if strings.HasPrefix(chain, "ufw6-") {
		tool = "ip6tables"
	}
	cmd := exec.Command(tool, "-w", "-S", chain)
	var out []byte
	err := l.MX.Do(func() (err error) {
		out, err = cmd.Output()
		return err
	})
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return string(out)
}

// markCounts reads how many packets came with the mark and without.
func markCounts(t *testing.T, l *lab.Lab) (marked, unmarked uint64) {
	t.Helper()
	must(t, l.MX.Do(func() error {
		r, err := nft.OpenReadOnly(nft.Config{Table: lab.TableName})
		if err != nil {
			return err
		}
		c, err := r.Counters()
		marked, unmarked = c.Marked.Packets, c.Unmarked.Packets
		return errors.Join(err, r.Close())
	}))
	return marked, unmarked
}

// banByHand bans addresses and expects silence.
func banByHand(t *testing.T, l *lab.Lab, addrs ...netip.Addr) {
	t.Helper()
	for _, addr := range addrs {
		_, err := l.Smtpbl("set", "add", addr.String())
		must(t, err)
		must(t, shut(addr))
	}
}
