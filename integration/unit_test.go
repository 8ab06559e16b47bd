package integration

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// maxExposure is systemd's score times ten: 0 is closed, 100 open.
const maxExposure = "15"

// unitFile writes the unit that smtpbl prints, for systemd-analyze.
func unitFile(t *testing.T, l *lab.Lab) string {
	t.Helper()
	text, err := l.Smtpbl("unit", "--binary="+lab.Binary)
	must(t, err)
	name := filepath.Join(t.TempDir(), "smtpbl.service")
	must(t, os.WriteFile(name, []byte(text), 0o644))
	return name
}

// TestUnit has systemd judge the unit: that it knows every setting, and how much
// the service is exposed.
func TestUnit(t *testing.T) {
	l := world(t)
	name := unitFile(t, l)
	security := []string{"security", "--offline=true", "--no-pager", "--threshold=" + maxExposure}
	out, err := exec.Command("systemd-analyze", append(security, name)...).CombinedOutput()
	if strings.Contains(string(out), "unrecognized option '--offline") {
		// Before 250 it judges only units that run, which it does in virtual machines,
		// and verifies none where control groups are not mounted.
		t.Skip("this systemd judges no file")
	}
	if err != nil {
		t.Errorf("systemd-analyze security: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	t.Log(lines[len(lines)-1])
	out, err = exec.Command("systemd-analyze", "verify", "--man=no", name).CombinedOutput()
	if err != nil || strings.Contains(string(out), "smtpbl.service") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err = exec.Command("systemd-analyze", append(security, "--json=short", name)...).CombinedOutput()
	var table []struct {
		Set  bool   `json:"set"`
		Name string `json:"json_field"`
	}
	if err != nil || json.Unmarshal(out, &table) != nil {
		t.Fatalf("systemd-analyze security --json: %v\n%s", err, out)
	}
	var open []string
	for _, row := range table {
		if !row.Set {
			open = append(open, row.Name)
		}
	}
	slices.Sort(open)
	t.Logf("open is: %s", strings.Join(open, ", "))
}

// TestStandsBeforePostfix looks which units of Debian's postfix run Postfix, and
// wants the service to be ordered before each of them.
func TestStandsBeforePostfix(t *testing.T) {
	l := world(t)
	text, err := l.Smtpbl("unit")
	must(t, err)
	_, list, _ := strings.Cut(text, "\nBefore=")
	list, _, _ = strings.Cut(list, "\n")
	files, err := filepath.Glob("/usr/lib/systemd/system/postfix*.service")
	must(t, err)
	found := 0
	for _, file := range files {
		unit, err := os.ReadFile(file)
		must(t, err)
		if !strings.Contains(string(unit), "\nType=forking\n") {
			continue // it does something else, or stands for another
		}
		found++
		name := strings.Replace(filepath.Base(file), "@.", "@-.", 1) // "-" is the usual instance
		if !slices.Contains(strings.Fields(list), name) {
			t.Errorf("Postfix is run by %s, which need not wait for the bans", name)
		}
	}
	if found == 0 {
		t.Errorf("none of %q runs Postfix", files)
	}
}
