package enforce

import (
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// saver writes the history beside the Enforcer, because a disk takes
// milliseconds to promise that something is written and the next ban must not
// wait for it. What is handed over is written in its order, several at once
// where the disk is behind. What cannot be written (a full disk) is kept and
// tried again: the kernel enforces it meanwhile, and only a reboot before
// that would forget it.
type saver struct {
	history History
	kept    Pardons
	health  *healthState
	log     *slog.Logger

	mu      sync.Mutex
	records map[nft.Key]store.Record // to be written: the last of each ban counts
	pardons map[netip.Prefix]time.Time
	mark    *Checkpoint      // to be written after records
	writing *Checkpoint      // the mark that is being written
	lines   []store.Evidence // evidence, see there
	size    int              // of lines, in bytes
	mute    bool             // that evidence cannot be written was told
	wait    []chan struct{}  // closed when all this has been tried
	broken  bool             // the last write failed
	dropped bool             // and bans had no room since
	wake    chan struct{}
}

func newSaver(o Options, health *healthState) *saver {
	return &saver{
		history: o.History, kept: o.Pardons, health: health, log: o.Log,
		records: map[nft.Key]store.Record{}, pardons: map[netip.Prefix]time.Time{}, wake: make(chan struct{}, 1),
	}
}

// maxUnsaved bounds the memory that a broken disk can cost.
const maxUnsaved = 1 << 18

// put hands records over. While the disk is broken there is no room for ever
// more bans. That one was lifted is always kept: a history that does not know
// it would bring the ban back.
func (s *saver) put(records []store.Record) {
	if s.history == nil || len(records) == 0 {
		return
	}
	now := time.Now()
	s.mu.Lock()
	full := false
	for _, r := range records {
		_, waits := s.records[r.Key()]
		if s.broken && !waits && len(s.records) >= maxUnsaved && r.Active(now) {
			full = true
			continue
		}
		s.records[r.Key()] = r
	}
	news := full && !s.dropped
	s.dropped = s.dropped || full
	s.mu.Unlock()
	if news {
		s.log.Error("too many bans wait to be written: further ones hold in the kernel alone", "waiting", maxUnsaved)
	}
	s.nudge()
}

// putPardons hands the ends of pardons over.
func (s *saver) putPardons(ends map[netip.Prefix]time.Time) {
	if s.kept == nil || len(ends) == 0 {
		return
	}
	s.mu.Lock()
	maps.Copy(s.pardons, ends)
	s.mu.Unlock()
	s.nudge()
}

// checkpoint hands a checkpoint over. It is written after all records that
// were handed over before: a position may not be remembered before the
// effects of its lines. One that waits still is not needed any more.
func (s *saver) checkpoint(c *Checkpoint) {
	if s.history == nil {
		return
	}
	s.mu.Lock()
	old := s.mark
	if old == s.writing {
		old = nil // see settle
	}
	s.mark = c
	s.mu.Unlock()
	s.drop(old)
	s.nudge()
}

// drop gives up a checkpoint that will not be written; nil is none.
func (s *saver) drop(c *Checkpoint) {
	if c != nil && s.history != nil {
		s.history.DropWindow(c.Window)
	}
}

// settle says what became of the checkpoint that was written. It is tried again
// unless a later one came meanwhile, or its window is lost.
func (s *saver) settle(err error) {
	s.mu.Lock()
	c := s.writing
	s.writing = nil
	if s.mark == c && (err == nil || errors.Is(err, store.ErrWindow)) {
		s.mark = nil
	}
	vain := err != nil && s.mark != c
	s.mu.Unlock()
	if vain {
		s.drop(c)
	}
}

func (s *saver) nudge() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake and will look again
	}
}

const (
	// gather is how long what is handed over may wait for more, so that a
	// burst of bans costs the disk one write and not hundreds.
	gather = 20 * time.Millisecond
	// retryEvery is how often the history is tried again after a failure.
	retryEvery = time.Second
)

// run writes until stop is closed, and then what is left.
func (s *saver) run(stop <-chan struct{}) {
	var retry, lines <-chan time.Time // nil while nothing is to be tried again, or no evidence waits
	for {
		select {
		case <-s.wake:
			select {
			case <-time.After(gather):
			case <-stop:
			}
			s.write()
		case <-retry:
			s.write()
		case <-lines:
			s.writeEvidence()
			lines = nil
		case <-stop:
			s.write()
			s.writeEvidence()
			return
		}
		retry = nil
		if s.waiting() > 0 {
			retry = time.After(retryEvery)
		}
		if lines == nil && s.evidence() > 0 {
			lines = time.After(evidenceAfter)
		}
	}
}

// waiting is how many records are not written yet.
func (s *saver) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.records) + len(s.pardons)
}

// write writes what was handed over, the records before the checkpoint.
func (s *saver) write() {
	s.mu.Lock()
	mark, wait := s.mark, s.wait
	s.writing, s.wait = mark, nil
	records := make([]store.Record, 0, len(s.records))
	for _, r := range s.records {
		records = append(records, r)
	}
	pardons := maps.Clone(s.pardons)
	s.mu.Unlock()
	defer func() {
		for _, tried := range wait {
			close(tried)
		}
	}()
	if s.history == nil || len(records)+len(pardons) == 0 && mark == nil {
		return
	}
	err := s.history.Put(records)
	if err == nil && len(pardons) > 0 {
		err = s.kept.PutPardons(pardons)
	}
	if err == nil && mark != nil {
		err = s.history.Checkpoint(mark.Positions, mark.Window)
	}
	s.settle(err)
	if err != nil {
		s.mu.Lock()
		s.broken = true
		s.mu.Unlock()
		s.failed(err)
		return
	}
	s.written(records, pardons)
	if s.health.history("") {
		s.log.Info("history is written again")
	}
}

// tried returns a channel that is closed when what was handed over until now
// has been written, or could not be.
func (s *saver) tried() <-chan struct{} {
	c := make(chan struct{})
	s.mu.Lock()
	s.wait = append(s.wait, c)
	s.mu.Unlock()
	s.nudge()
	return c
}

// written forgets what was written, unless it changed meanwhile.
func (s *saver) written(records []store.Record, pardons map[netip.Prefix]time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken, s.dropped = false, false
	for _, r := range records {
		if s.records[r.Key()] == r {
			delete(s.records, r.Key())
		}
	}
	for p, until := range pardons {
		if s.pardons[p].Equal(until) {
			delete(s.pardons, p)
		}
	}
}

func (s *saver) failed(err error) {
	if s.health.history(err.Error()) {
		s.log.Error("history not written: bans hold in the kernel, but a reboot would forget the new ones", "err", err)
	}
}
