package postfix

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

func TestReply(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("", 3600))
	st := policy.Standing{Step: policy.StepSoft, Failures: 3, Until: now.Add(59*time.Minute + time.Second)}
	tests := map[string]struct{ text, want string }{
		"all fields": {"{addr}: {count} until {until}, {for}", "REJECT 2001:db8::1: 3 until 2026-11-23 12:59 +0100, 60 minutes"},
		"none":       {"go away", "REJECT go away"},
		"twice":      {"{count}{count}", "REJECT 33"},
		"no text":    {"a\r\nb\xc3\xa9", "REJECT a??b??"},
		"too long":   {strings.Repeat("x", 400), "REJECT " + strings.Repeat("x", maxText-3) + "..."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := Config{Action: "REJECT", Text: test.text}
			if got := c.reply(netip.MustParseAddr("2001:db8::1"), &st, now); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestRoughly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "1 minute", 0: "1 minute", time.Second: "1 minute", time.Minute: "1 minute", time.Minute + 1: "2 minutes",
		time.Hour: "60 minutes", 2*time.Hour + 1: "3 hours", 48 * time.Hour: "48 hours", 48*time.Hour + 1: "3 days", 720 * time.Hour: "30 days",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
