package integration

import (
	"net"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestRefusesToStart expects of a start that cannot work that it ends with
// status 1, says what is wrong and where, and says what to do about it.
func TestRefusesToStart(t *testing.T) {
	tests := map[string]struct {
		before func(t *testing.T, l *lab.Lab)
		start  lab.Start
		says   []string
	}{
		"a second instance": {
			before: func(t *testing.T, _ *lab.Lab) { serve(t, lab.Start{}) },
			says:   []string{"another smtpbl is running"},
		},
		"a busy port": {
			before: occupyMetricsPort,
			says:   []string{"127.0.0.1:9725", "address already in use"},
		},
		"no CAP_NET_ADMIN": {
			before: func(*testing.T, *lab.Lab) {},
			start:  lab.Start{Capabilities: []string{"CAP_DAC_READ_SEARCH"}},
			says:   []string{"CAP_NET_ADMIN"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := world(t)
			addr := attacker4(1)
			tt.before(t, l)
			s, err := l.Spawn(tt.start)
			must(t, err)
			code, err := s.Wait(t.Context())
			must(t, err)
			if code != 1 {
				t.Errorf("exit status %d, want 1", code)
			}
			for _, want := range append(tt.says, "smtpbl: error:", "smtpbl: hint:") {
				if !strings.Contains(s.Log.String(), want) {
					t.Errorf("it does not say %q", want)
				}
			}
			if t.Failed() {
				t.Logf("it says:\n%s", s.Log)
			}
			must(t, open(l.Attacker, addr))
		})
	}
}

// TestSecondInstanceHarmsNobody starts a second service beside a running one:
// the bans of the first go on.
func TestSecondInstanceHarmsNobody(t *testing.T) {
	l := world(t)
	serve(t, lab.Start{})
	addr := attacker4(1)
	earn(t, addr)
	second, err := l.Spawn(lab.Start{})
	must(t, err)
	_, err = second.Wait(t.Context())
	must(t, err)
	must(t, shut(addr))
	earn(t, attacker4(2))
}

func occupyMetricsPort(t *testing.T, l *lab.Lab) {
	t.Helper()
	must(t, l.MX.Do(func() error {
		listener, err := net.Listen("tcp", "127.0.0.1:9725")
		if err == nil {
			t.Cleanup(func() { _ = listener.Close() })
		}
		return err
	}))
}
