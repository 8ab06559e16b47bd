package postfix

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/smtpbl/smtpbl/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The addresses that stand somewhere.
var (
	soft   = netip.MustParseAddr("198.51.100.7")
	host   = netip.MustParseAddr("198.51.100.8")
	spared = netip.MustParseAddr("198.51.100.9")
	soft6  = netip.MustParseAddr("2001:db8:0:1::7")
)

// standing knows these addresses, and nobody else.
func standing(_ context.Context, addr netip.Addr) (policy.Standing, error) {
	st := policy.Standing{Until: time.Now().Add(time.Hour), Failures: 3}
	switch addr {
	case soft, soft6:
		st.Step = policy.StepSoft
	case host:
		st.Step, st.Failures = policy.StepHost, 0
	case spared:
		st.Step, st.Refusal = policy.StepSoft, policy.RefusedNeverBan
	default:
		return policy.Standing{}, nil
	}
	return st, nil
}

var errStuck = errors.New("stuck")

func newServer(p Protocol) *Server {
	return New(Config{Protocol: p, Action: "DEFER", Text: "{count} from {addr}", Standing: standing, Listening: func(error) {}})
}

// counted returns the results that are not zero.
func counted(s *Server) map[Result]uint64 {
	out := map[Result]uint64{}
	for _, r := range Results {
		if n := s.Count(r); n > 0 {
			out[r] = n
		}
	}
	return out
}
