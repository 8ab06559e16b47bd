package enforce

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/policy"
)

// TestTheSoftStepIsToldAndBansNobody hands on a soft step, one that is over,
// and one that an exemption refuses.
func TestTheSoftStepIsToldAndBansNobody(t *testing.T) {
	b := newBench(t)
	var log bytes.Buffer
	b.Log = slog.New(slog.NewTextHandler(&log, nil))
	b.restore()
	soft, over, spared := decide("198.51.100.7/32", time.Hour), decide("198.51.100.8/32", -time.Hour), decide("198.51.100.9/32", time.Hour)
	for _, d := range []*policy.Decision{&soft, &over, &spared} {
		d.Step = policy.StepSoft
	}
	spared.Refusal = policy.RefusedNeverBan
	b.decide(soft, over, spared)
	if diff := cmp.Diff([]string{"soft auth_fail", "refused never_ban"}, b.meter.got); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if n := len(b.stands()); n != 0 || len(b.paper.records) != 0 {
		t.Errorf("%d bans stand, %d are remembered", n, len(b.paper.records))
	}
	for _, want := range []string{`msg="soft step" addr=198.51.100.7 reason="5 failed logins`, "failures=5", "until=", `msg="not banned" addr=198.51.100.9`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "198.51.100.8") || strings.Contains(log.String(), "msg=banned") {
		t.Errorf("the log says too much:\n%s", log.String())
	}
}

func TestADryRunSaysWhoWouldBeTurnedAway(t *testing.T) {
	var log bytes.Buffer
	e := New(Options{Meter: &counts{}, Log: slog.New(slog.NewTextHandler(&log, nil)), Keep: time.Hour})
	if err := e.Restore(nil, func(*store.Record) {}); err != nil {
		t.Fatal(err)
	}
	d := decide("198.51.100.7/32", time.Hour)
	d.Step = policy.StepSoft
	e.take(Work{Decisions: []policy.Decision{d}})
	if !strings.Contains(log.String(), "would be the soft step") {
		t.Errorf("log:\n%s", log.String())
	}
}
