package enforce

import (
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// soften takes notice of an address that the mail server turns away from now
// on: it asks the Engine itself. What history tells may be over.
func (e *Enforcer) soften(d *policy.Decision, now time.Time) {
	if d.Until.After(now) {
		e.Meter.Softened(d.Rule)
		e.untold = append(e.untold, *d)
	}
}

// tellSoft writes the line about a soft step.
func (e *Enforcer) tellSoft(d *policy.Decision) {
	attrs := []any{
		"addr", Addr(d.Prefix), "reason", d.Reason(), "rule", string(d.Rule),
		"failures", d.Failures, "over", d.Over.Round(time.Millisecond), "for", d.For(), "until", d.Until.Format(time.RFC3339),
	}
	if e.Kernel == nil {
		e.Log.Info("would be the soft step", attrs...)
		return
	}
	e.Log.Info("soft step", attrs...)
}
