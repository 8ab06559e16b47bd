package ingest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// maxRetired bounds how many rotated files are kept open for writers that are
// late to let go. More than one takes rotations within seconds.
const maxRetired = 8

// maxSeen is how many closed files are remembered, so that a path which comes
// to name one of them again is not read again from its start.
const maxSeen = 16

// retiredPause is how often rotated files are looked at while they are open:
// where they were moved to may be no directory that is watched.
const retiredPause = 250 * time.Millisecond

// follower follows one path. All of it belongs to the goroutine of File.Run.
type follower struct {
	*delivery
	cfg   *FileConfig
	watch *watch
	ready func()
	// current is the file that the path named at the last look; nil before
	// the first could be opened.
	current *logFile
	// retired are earlier files of the path that writers may still hold open,
	// the oldest first.
	retired []*logFile
	// seen are the last positions of files that were closed.
	seen []Position
	// started is set once the log was opened, or known to be missing, so that
	// what appears from then on is new.
	started bool
	// noticed is how big the current file was when Stats.Behind began.
	noticed int64
	// live is Line.Live of what is read now.
	live bool
	// refused is set while the log is there and cannot be read.
	refused bool
	// trouble is what keeps the path from being read, as it was logged.
	trouble string
}

// newFollower returns a follower for f.
func newFollower(f *File, h Handler, w *watch) *follower {
	return &follower{
		delivery: newDelivery(h, &f.stats, f.cfg.Path, f.cfg.Now),
		cfg:      &f.cfg,
		watch:    w,
		ready:    func() { close(f.ready) },
	}
}

// close closes every file.
func (r *follower) close() {
	for _, l := range r.retired {
		_ = l.file.Close() // read only: nothing can be lost
	}
	if r.current != nil {
		_ = r.current.file.Close() // read only: nothing can be lost
	}
}

// patience is how long to wait for an event; 0 is for ever. Looking from time
// to time is for logs whose changes raise no event, or that are refused: a
// right over them may be given in ways that raise none. Rotated files are
// looked at while they are open.
func (r *follower) patience() time.Duration {
	switch {
	case len(r.retired) > 0:
		return min(retiredPause, r.cfg.Poll)
	case r.watch.blind != "" || r.refused:
		return r.cfg.Poll
	}
	return 0
}

// look reads what is new. Rotated files come first, so that lines keep their
// order as far as their writers do.
func (r *follower) look(ctx context.Context, why wake) {
	if !r.started {
		r.begin(ctx)
		return
	}
	for _, l := range r.retired {
		r.drain(ctx, l)
	}
	if r.current != nil {
		r.drain(ctx, r.current)
	}
	if why == wakePath && ctx.Err() == nil {
		r.checkPath(ctx)
		r.release(ctx)
	}
}

// drain reads l to its end.
func (r *follower) drain(ctx context.Context, l *logFile) {
	for ctx.Err() == nil {
		chunk, err := l.read(r.buf[:])
		switch {
		case errors.Is(err, errReplaced):
			r.truncated(ctx, l)
		case err != nil:
			r.fail("read", err)
			return
		case len(chunk) == 0:
			r.measure(l, 0)
			return
		default:
			r.measure(l, len(chunk))
			l.quietSince = r.now()
			r.chunk(&l.split, chunk, r.live)
			r.handler.Done(r.place())
		}
	}
}

// measure updates the lag, which is that of the current file. What was just
// read counts as waiting until the next read.
func (r *follower) measure(l *logFile, read int) {
	if l != r.current {
		return
	}
	size, err := l.size()
	if err != nil {
		return
	}
	r.stats.lag.Store(max(size-l.next, 0))
	switch start := l.next - int64(read); {
	case read == 0 && size <= l.next:
		r.stats.behindSince.Store(0)
	case r.stats.behindSince.Load() == 0, start >= r.noticed:
		// All that was noticed at the last mark is read.
		r.noticed = size
		r.stats.behindSince.Store(r.now().UnixNano())
	}
}

// truncated starts over with a file that was cut. What copytruncate has saved
// beyond our offset is read from the copy: it was written before the cut and
// we were merely late. So are newer copies, of what was written and cut again
// before we looked.
func (r *follower) truncated(ctx context.Context, l *logFile) {
	r.stats.truncations.Add(1)
	r.passed = Position{}
	pos, before := r.position(l.id, l.head, l.lineStart()), l.nowHead()
	copies := openFrom(r.cfg.Path, &pos)
	defer closeAll(copies)
	// Copy and cut fall between any two bytes that a writer brings in: what has
	// no end is the beginning of a line that is lost, and its last word, which
	// may be an address, is cut as well.
	if len(copies) == 0 {
		l.rewind()
		r.noticed = 0
		r.handler.Done(r.place())
		return
	}
	r.readCopy(ctx, copies[0], pos.Offset)
	logs, doubtful := r.unread(upTo(copies[1:], l, before))
	if doubtful {
		r.gap()
	}
	for _, p := range logs {
		r.readCopy(ctx, p, 0)
	}
	l.rewind()
	r.noticed = 0
}

// place is where a restart would go on. While a rotated file is still open
// that is the current file, once it has been read from: a position tells of
// one file only, and reading the current one twice would be worse than
// missing what a late writer adds to the old one while nobody reads.
func (r *follower) place() Position {
	l := r.current
	if l.next == 0 && r.passed.Source != "" {
		return r.passed
	}
	if n := len(r.retired); l.next == 0 && n > 0 {
		l = r.retired[n-1]
	}
	return r.position(l.id, l.head, l.lineStart())
}

// checkPath looks whether the path still names the current file, and changes
// over to the file it names now.
func (r *follower) checkPath(ctx context.Context) {
	info, err := os.Stat(r.cfg.Path)
	if err != nil {
		r.fail("look at", err)
		return
	}
	if r.current != nil && idOf(info) == r.current.id {
		r.recovered()
		return
	}
	next, err := openLog(r.cfg.Path, r.cfg.MaxLine)
	if err != nil {
		r.fail("open", err)
		return
	}
	if r.current != nil {
		if next.id == r.current.id {
			_ = next.file.Close() // the path was changed back meanwhile
			return
		}
		r.stats.rotations.Add(1)
		// The writer may have added to the old file until the path changed.
		r.drain(ctx, r.current)
		known := r.current
		r.retire(ctx, known)
		r.missed(ctx, known, next)
	}
	r.recovered()
	r.watch.follow(next.file)
	r.adopt(ctx, next)
}

// adopt makes next the current file and reads it. A file that was read
// before, because the path is a link that is switched to and fro, goes on
// where it stopped.
func (r *follower) adopt(ctx context.Context, next *logFile) {
	for i, l := range r.retired {
		if l.id == next.id {
			r.watch.unfollow(next.file)
			_ = next.file.Close() // l has the same file open
			r.retired = slices.Delete(r.retired, i, i+1)
			r.current, r.noticed = l, 0
			r.drain(ctx, l)
			return
		}
	}
	r.current, r.noticed = next, 0
	var buf [headLen]byte
	if head, err := readHead(next.file, &buf); err == nil && len(head) > 0 {
		if i := slices.IndexFunc(r.seen, func(p Position) bool { return p.matches(head) }); i >= 0 {
			next.resume(r.seen[i], head)
		}
	}
	if r.predates(next) {
		r.readStood(ctx)
		return
	}
	r.drain(ctx, next)
}

// retire keeps a file that the path no longer names for writers that still
// have it open.
func (r *follower) retire(ctx context.Context, l *logFile) {
	r.passed = Position{}
	l.quietSince = r.now()
	r.retired = append(r.retired, l)
	if len(r.retired) > maxRetired {
		r.drain(ctx, r.retired[0])
		r.letGo(r.retired[0])
		r.retired = slices.Delete(r.retired, 0, 1)
	}
}

// release closes the retired files that nobody writes to any more: they have
// been quiet for a while and the current file has been written to.
func (r *follower) release(ctx context.Context) {
	if r.current == nil || r.current.next == 0 {
		return
	}
	now := r.now()
	r.retired = slices.DeleteFunc(r.retired, func(l *logFile) bool {
		if now.Sub(l.quietSince) < r.cfg.Linger {
			return false
		}
		r.drain(ctx, l)
		r.letGo(l)
		return true
	})
}

// letGo hands over the last line of a retired file even without its end, and
// closes the file.
func (r *follower) letGo(l *logFile) {
	r.flush(&l.split, r.live)
	r.handler.Done(r.place())
	r.seen = append(r.seen, r.position(l.id, l.head, l.next))
	if len(r.seen) > maxSeen {
		r.seen = slices.Delete(r.seen, 0, 1)
	}
	r.watch.unfollow(l.file)
	_ = l.file.Close() // read only: nothing can be lost
}

// fail counts and logs what keeps the log from being read, once until it
// changes. That a log is missing is no error, only worth saying.
func (r *follower) fail(doing string, err error) {
	missing := errors.Is(err, fs.ErrNotExist)
	r.refused = !missing
	if r.refused {
		r.stats.errors.Add(1)
	}
	if r.trouble == err.Error() {
		return
	}
	r.trouble = err.Error()
	if missing {
		r.stats.unhinder()
		r.cfg.Logger.Warn("log does not exist, waiting for it")
		return
	}
	advice := ""
	if errors.Is(err, fs.ErrPermission) {
		advice = readAdvice(r.cfg.Path)
	}
	r.stats.hinder(err, advice)
	r.cfg.Logger.Error("cannot read log, retrying", "doing", doing, "err", err, "hint", advice)
}

// recovered notes that the path can be read again.
func (r *follower) recovered() {
	if r.trouble == "" {
		return
	}
	r.trouble, r.refused = "", false
	r.stats.unhinder()
	r.stats.reopens.Add(1)
	r.cfg.Logger.Info("reading log again")
}
