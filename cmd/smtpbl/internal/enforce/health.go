package enforce

import (
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// Health is how enforcement stands, for status and metrics.
type Health struct {
	Wanted    int            // bans that should be dropping packets
	Enforced  int            // of these, in the kernel at the last comparison, or accepted since
	Pending   int            // refused by the kernel, being retried
	Unsaved   int            // not yet written to the history
	Active    map[string]int // wanted bans by set
	CheckedAt time.Time      // last comparison of wanted and kernel; zero before the first
	Kernel    string         // last error of the kernel, "" when well
	History   string         // last error of the history, "" when well
	Recent    []Recent       // last decisions, newest last
	Pardons   int            // running
	PardonEnd time.Time      // when the next of them ends; zero without one
	TrialEnd  time.Time      // zero where bans are in earnest
	TrialBans int            // that the trial has made
}

// Recent is one decision as status shows it.
type Recent struct {
	At     time.Time `json:"at"`
	Addr   string    `json:"addr"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
}

// recentMax is how many decisions status shows.
const recentMax = 10

// healthState is written by the Enforcer's goroutine and read by everyone's.
type healthState struct {
	mu sync.Mutex
	h  Health
	// missing is how many wanted bans the last comparison did not find.
	missing int
}

func (s *healthState) kernelError(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.h.Kernel = ""
	if err != nil {
		s.h.Kernel = err.Error()
	}
}

// history sets the history's state and tells whether it is news.
func (s *healthState) history(problem string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.h.History != problem
	s.h.History = problem
	return news
}

func (s *healthState) compared(at time.Time, missing int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.h.CheckedAt, s.missing = at, missing
}

// lacks says how many wanted bans are known not to be in the kernel.
func (s *healthState) lacks(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missing = n
}

func (s *healthState) decided(d *policy.Decision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.h.Recent = append(s.h.Recent, Recent{At: d.At, Addr: Addr(d.Prefix), Until: d.Until, Reason: d.Reason()})
	if extra := len(s.h.Recent) - recentMax; extra > 0 {
		s.h.Recent = append([]Recent(nil), s.h.Recent[extra:]...)
	}
}

// publish brings the numbers up to date.
func (e *Enforcer) publish() {
	unsaved := e.saver.waiting()
	s := &e.health
	s.mu.Lock()
	defer s.mu.Unlock()
	s.h.Active = e.ledger.sizes()
	s.h.Wanted = e.ledger.len()
	s.h.Pending = len(e.pending)
	s.h.Unsaved = unsaved
	s.h.TrialEnd, s.h.TrialBans = time.Time{}, 0
	if e.trial != nil {
		s.h.TrialEnd, s.h.TrialBans = e.trial.end, len(e.trial.bans)
	}
	s.h.Pardons, s.h.PardonEnd = len(e.pardons), e.nextPardon
	s.h.Enforced = max(0, s.h.Wanted-s.h.Pending-s.missing)
	if e.Kernel == nil {
		s.h.Enforced = 0
	}
}

// Health returns how enforcement stands. It may be called from any goroutine.
func (e *Enforcer) Health() Health {
	e.health.mu.Lock()
	defer e.health.mu.Unlock()
	h := e.health.h
	h.Recent = append([]Recent(nil), h.Recent...)
	return h
}
