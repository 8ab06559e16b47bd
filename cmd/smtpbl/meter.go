package main

import (
	"time"

	"github.com/smtpbl/smtpbl/metrics"
	"github.com/smtpbl/smtpbl/policy"
)

// meter speaks metrics to the Enforcer.
type meter struct{ m *metrics.Metrics }

func (x meter) Banned(rule policy.Rule, step policy.Step) { x.m.Ban(string(rule), string(step)) }
func (x meter) Unbanned(reason string)                    { x.m.Unban(reason) }
func (x meter) Refused(r policy.Refusal)                  { x.m.Refuse(string(r)) }
func (x meter) Softened(rule policy.Rule)                 { x.m.Soften(string(rule)) }
func (x meter) Healed(cause string)                       { x.m.Heal(cause) }
func (x meter) Committed(took time.Duration)              { x.m.Commit(took) }
func (x meter) Enforced(sinceRead time.Duration)          { x.m.Latency(sinceRead) }
