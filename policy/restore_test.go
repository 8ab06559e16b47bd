package policy

import "testing"

// TestRestoreOfSteps makes each step of an earlier run known and looks where the
// address stands.
func TestRestoreOfSteps(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   Step
		bans   int
	}{
		"soft":                       {"0s restore 192.0.2.1 step=soft bans=1 until=1h", "", 0},
		"mail ports":                 {"0s restore 192.0.2.1 step=host bans=1 until=1h", StepHost, 1},
		"all ports":                  {"0s restore 192.0.2.1 step=host bans=1 until=1h\n0s restore 192.0.2.1 step=all bans=1 until=2h", StepAll, 1},
		"mail ports are open before": {"0s restore 192.0.2.1 step=host bans=1 until=1m\n0s restore 192.0.2.1 step=all bans=1 until=2h", StepAll, 1},
		"all ports were lifted by hand before the next ban": {"0s restore 192.0.2.1 step=all bans=1 until=2h\n5m restore 192.0.2.1 step=host bans=2 until=1h", StepHost, 2},
		"net":                      {"0s restore 192.0.2.0/24 step=net bans=1 until=1h", StepNet, 0},
		"a step that is not known": {"0s restore 192.0.2.1 step=elsewhere bans=1 until=1h", StepHost, 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(rungs, start)
			play(t, e, c.script)
			s := e.Standing(addr4(0xc0000201), offset(t, "10m"))
			if s.Step != c.want || s.Bans != c.bans {
				t.Errorf("at %q after %d bans, want %q after %d", s.Step, s.Bans, c.want, c.bans)
			}
			sound(t, e)
		})
	}
}
