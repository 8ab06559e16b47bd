package main

import (
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
	"github.com/smtpbl/smtpbl/integration/lab/labtest"
)

var laboratory *lab.Lab

func TestMain(m *testing.M) {
	labtest.Main(m, func() (err error) {
		laboratory, err = enter()
		return err
	})
}

func needLab(t *testing.T) *lab.Lab {
	t.Helper()
	labtest.Need(t)
	return laboratory
}

// TestChaos deals some hundred faults. How soon the service heals is measured
// by "make chaos"; here, beside other tests on a busy machine, it may take
// several times as long. A protected table must hold all the same.
func TestChaos(t *testing.T) {
	for name, o := range map[string]options{
		"protected":   {protected: true, sessions: true, faults: 240},
		"unprotected": {faults: 60},
	} {
		t.Run(name, func(t *testing.T) {
			o.seed, o.grace, o.say = uint64(time.Now().UnixNano()), 300*time.Millisecond, t.Logf
			r, err := run(t.Context(), needLab(t), o)
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			r.print(&text)
			t.Log(text.String())
			if err := r.err(); err != nil {
				t.Error(err)
			}
			wantBusy(t, r)
		})
	}
}

// wantBusy expects that the run can have shown something: packets of both
// sorts were judged, and without protection some leaked.
func wantBusy(t *testing.T, r *result) {
	t.Helper()
	j := r.campaign.judge
	if j.judged[dropped] < 1000 || j.judged[passes] < 1000 {
		t.Errorf("too few packets were judged: %v", j.judged)
	}
	leaks := 0
	for _, f := range j.faults {
		leaks += f.leaks
	}
	if leaks == 0 && !r.campaign.protected {
		t.Error("no packet ever leaked: were there any faults?")
	}
}
