package main

import (
	"net/netip"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

func TestFirewall(t *testing.T) {
	until := start.Add(time.Hour)
	for name, c := range map[string]struct {
		d          policy.Decision
		from       string
		smtp, imap bool
	}{
		"host":             {policy.Decision{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Step: policy.StepHost, Until: until}, "192.0.2.1", true, false},
		"neighbour":        {policy.Decision{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Step: policy.StepHost, Until: until}, "192.0.2.2", false, false},
		"net":              {policy.Decision{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Step: policy.StepNet, Until: until}, "192.0.2.2", true, false},
		"all ports":        {policy.Decision{Prefix: netip.MustParsePrefix("2001:db8::/64"), Step: policy.StepAll, Until: until}, "2001:db8::2", true, true},
		"soft":             {policy.Decision{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Step: policy.StepSoft, Until: until}, "192.0.2.1", false, false},
		"a refused":        {policy.Decision{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Step: policy.StepHost, Until: until, Refusal: policy.RefusedOwn}, "192.0.2.1", false, false},
		"one that is over": {policy.Decision{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Step: policy.StepHost, Until: start.Add(time.Minute)}, "192.0.2.1", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f, from := newFirewall(), netip.MustParseAddr(c.from)
			f.take(&c.d)
			at := 2 * time.Minute
			if got := f.dropped(from, policy.SMTP, at); got != c.smtp {
				t.Errorf("SMTP dropped: %v, want %v", got, c.smtp)
			}
			if got := f.dropped(from, policy.IMAP, at); got != c.imap {
				t.Errorf("IMAP dropped: %v, want %v", got, c.imap)
			}
			if got := f.soft(from, at); got != (c.d.Step == policy.StepSoft) {
				t.Errorf("soft: %v", got)
			}
		})
	}
}
