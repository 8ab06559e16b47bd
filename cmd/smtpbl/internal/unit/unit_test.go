package unit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestUnitNamesTheProgram(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{"/usr/sbin/smtpbl", "ExecStart=/usr/sbin/smtpbl run\n"},
		{"/usr/sbin/smtpbl", "ExecStartPre=-+/usr/sbin/smtpbl harness"},
		{"/opt/mail tools/smtpbl", "ExecStart=\"/opt/mail tools/smtpbl\" run\n"},
		{"/opt/100%/$x/smtpbl", "ExecStart=/opt/100%%/$$x/smtpbl run\n"},
	} {
		if got := Unit(tt.path); !strings.Contains(got, tt.want) {
			t.Errorf("Unit(%q) does not contain %q", tt.path, tt.want)
		}
	}
}

// TestEverySettingHasAReason wants a comment above each group of settings of
// the service.
func TestEverySettingHasAReason(t *testing.T) {
	_, service, _ := strings.Cut(template, "[Service]\n")
	service, _, _ = strings.Cut(service, "[Install]")
	for group := range strings.SplitSeq(strings.TrimSpace(service), "\n\n") {
		if !strings.HasPrefix(group, "# ") {
			t.Errorf("no reason is given for\n%s", group)
		}
	}
}

// TestSystemdTakesTheUnit runs systemd's own check.
func TestSystemdTakesTheUnit(t *testing.T) {
	out, err := analyze(t, "verify", "--man=no")
	if err != nil || strings.Contains(out, "smtpbl.service:") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// maxExposure is systemd's score times ten for what the service is open to:
// 0 is nothing, 100 everything. A change that opens it further fails here. Root
// cannot come below 16.
const maxExposure = 15

func TestUnitIsHardened(t *testing.T) {
	if out, err := analyze(t, "security", "--offline=true", "--no-pager", "--threshold="+strconv.Itoa(maxExposure)); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

// analyze runs systemd-analyze on the unit, with a program that exists.
func analyze(t *testing.T, args ...string) (string, error) {
	t.Helper()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	file := filepath.Join(t.TempDir(), "smtpbl.service")
	if err = os.WriteFile(file, []byte(Unit("/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, append(args, file)...).CombinedOutput()
	return string(out), err
}
