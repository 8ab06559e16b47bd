package integration

import (
	"net"
	"os"
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
		"no CAP_NET_ADMIN": {
			before: func(*testing.T, *lab.Lab) {},
			start:  lab.Start{Capabilities: []string{}},
			says:   []string{"CAP_NET_ADMIN"},
		},
		"a configuration for root alone": {
			before: func(t *testing.T, _ *lab.Lab) {
				must(t, os.WriteFile(lab.ConfigFile, nil, 0o600))
				must(t, os.Chmod(lab.ConfigFile, 0o600))
				t.Cleanup(func() { _ = os.Remove(lab.ConfigFile) })
			},
			start: lab.Start{Config: "[policy]\nthreshold4 = 4\n"}, // written into that file
			says:  []string{"permission denied", "chgrp smtpbl " + lab.ConfigFile},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := world(t)
			tt.before(t, l)
			s := spawn(t, tt.start)
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
			must(t, open(l.Attacker, attacker4(1)))
		})
	}
}

// TestSecondInstanceHarmsNobody starts a second service beside a running one:
// the bans of the first go on.
func TestSecondInstanceHarmsNobody(t *testing.T) {
	world(t)
	serve(t, lab.Start{})
	addr := attacker4(1)
	earn(t, addr)
	_, err := spawn(t, lab.Start{}).Wait(t.Context())
	must(t, err)
	must(t, shut(addr))
	earn(t, attacker4(2))
}

// TestBusyMetricsPort takes the port of /metrics: that is said in all places,
// with advice, and mail is guarded all the same.
func TestBusyMetricsPort(t *testing.T) {
	l := world(t)
	must(t, l.MX.Do(func() error {
		listener, err := net.Listen("tcp", "127.0.0.1:9725")
		if err == nil {
			t.Cleanup(func() { _ = listener.Close() })
		}
		return err
	}))
	s := serve(t, lab.Start{})
	says := []string{"127.0.0.1:9725", "address already in use", "metrics.listen"}
	if _, err := s.Log.Await(t.Context(), soon, says...); err != nil {
		t.Error(err)
	}
	status, err := l.Smtpbl("status", "--json")
	must(t, err)
	for _, want := range says {
		if !strings.Contains(status, want) {
			t.Errorf("status does not say %q:\n%s", want, status)
		}
	}
	earn(t, attacker4(1))
	must(t, shut(attacker4(1)))
}
