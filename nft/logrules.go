package nft

import (
	"time"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

const (
	// copyBytes is how much of a dropped packet goes to the NFLOG group: the
	// headers of IPv6 (40 bytes) and TCP (20), or of IPv4 with few options.
	copyBytes = 64
	// copyRate and copyBurst bound the copies, in packets per second: a flood
	// must not cost more by being watched. Each copy is 6 microseconds when it
	// is delivered alone.
	copyRate  = 1_000
	copyBurst = 1_000
	// copiesPerMessage is after how many copies the kernel wakes the reader;
	// it does so after a second in any case (nfnetlink_log's flush timeout,
	// which the reader can shorten). Delivery in groups is a tenth of the cost.
	copiesPerMessage = 16
)

// logRules copy some packets, log some, and drop all. The rule that logs ends
// with a drop, so each packet is counted by exactly one of the last two: logged
// and log_limited add up to what was dropped. A rate of 0 logs nothing.
func logRules(cfg Config) []rule {
	rules := make([]rule, 0, 3)
	if cfg.NFLogGroup > 0 {
		rules = append(rules, copyRule(cfg.NFLogGroup))
	}
	if cfg.LogRate > 0 {
		rules = append(rules, logRule(cfg))
	}
	// [ counter name log_limited ]
	// [ immediate reg 0 drop ]
	return append(rules, rule{count(counterLimited), &expr.Verdict{Kind: expr.VerdictDrop}})
}

// copyRule has no verdict: the packet goes on to the other rules. Where nobody
// listens to the group, the kernel makes no copy.
func copyRule(group uint16) rule {
	// [ limit rate 1000/second burst 1000 type packets flags 0x0 ]
	// [ objref type 1 name copied ]
	// [ log group 5 snaplen 64 qthreshold 16 ]
	return rule{
		&expr.Limit{
			Type: expr.LimitTypePkts, Rate: copyRate, Burst: copyBurst, Unit: expr.LimitTimeSecond,
		},
		count(counterCopied),
		&expr.Log{
			Key:   1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_SNAPLEN | 1<<unix.NFTA_LOG_QTHRESHOLD,
			Group: group, Snaplen: copyBytes, QThreshold: copiesPerMessage,
		},
	}
}

func logRule(cfg Config) rule {
	// [ limit rate 3/minute burst 10 type packets flags 0x0 ]
	// [ objref type 1 name logged ]
	// [ log prefix [SMTP BLACKLIST] ]
	// [ immediate reg 0 drop ]
	return rule{
		&expr.Limit{
			Type: expr.LimitTypePkts, Rate: cfg.LogRate, Burst: cfg.LogBurst,
			Unit: expr.LimitTime(cfg.LogPer / time.Second),
		},
		count(counterLogged),
		&expr.Log{Key: 1 << unix.NFTA_LOG_PREFIX, Data: []byte(cfg.LogPrefix)},
		&expr.Verdict{Kind: expr.VerdictDrop},
	}
}
