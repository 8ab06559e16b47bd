package ingest

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// A log may be rotated more than once between two looks: a handler blocks, the
// machine was suspended. Of the files in between only the rotated ones tell.
// They are told from old archives by two marks, and both must hold: they were
// last written after the path was last seen to name a file we know, and they
// are no file that was read, nor a copy of one. The first bytes decide on the
// latter, because an inode number is used again at once and is lost when a
// file is compressed.

// maxLists is how often a directory is listed until no name in it moves away
// between the list and the opening. Rotations do not come that fast.
const maxLists = 10

// catchUp reads the rotated files that came and went unseen before l, the
// current file, of which nothing was read yet. It reports whether there is
// something to read in l. What came and went while l did not hold a line
// leaves no trace in it, so the list that counts is one made after l could be
// told from others: from there on a truncation is noticed by the read, which
// compares the head.
func (r *follower) catchUp(ctx context.Context, l *logFile) bool {
	for ctx.Err() == nil {
		known := distinct(l.head)
		for p := r.missed(); p != nil && ctx.Err() == nil; p = r.missed() {
			r.readMissed(ctx, p)
		}
		if known {
			return true
		}
		l.head = l.head[:0]
		if err := l.look(); err != nil {
			return true // the read will meet the same
		}
		if !distinct(l.head) {
			l.head = l.head[:0]
			return false
		}
	}
	return false
}

// missed returns the oldest rotated file that has come since the last look and
// was not read, or nil. Each call lists the directory anew, since names shift
// while a long file is read.
func (r *follower) missed() *predecessor {
	for range maxLists {
		p, moved := r.searchMissed()
		if !moved {
			return p
		}
	}
	return nil
}

// searchMissed does what missed says, with one list of the directory. It
// reports whether a file was gone when it was to be opened: the next list will
// have it under its new name.
func (r *follower) searchMissed() (p *predecessor, moved bool) {
	for _, c := range rotations(r.cfg.Path) {
		if c.info.ModTime().Before(r.since) {
			continue
		}
		p, err := openPredecessor(c.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, true
		case err != nil:
			r.refused(c.path, err)
			continue
		case r.replaced():
			p.close()
			return nil, false // the truncation comes first, it brings us here again
		case !r.knows(p):
			return p, false
		}
		p.close()
	}
	return nil, false
}

// replaced reports whether the current file was truncated since its head was
// taken. Then what was saved of it may pass for a file that we do not know.
func (r *follower) replaced() bool {
	return r.current != nil && errors.Is(r.current.look(), errReplaced)
}

// knows reports whether p is a file that is open, a copy of one, or was read
// before. An empty file is left alone: it may be a copy that is being made.
func (r *follower) knows(p *predecessor) bool {
	if r.current != nil && r.current.is(p) {
		return true
	}
	for _, l := range r.retired {
		if l.is(p) {
			return true
		}
	}
	return len(p.head) == 0 || r.recall(p.head) >= 0
}

// readMissed reads p as a whole. A plain file is then kept open like any that
// was rotated away: its writer may be late to let go.
func (r *follower) readMissed(ctx context.Context, p *predecessor) {
	r.cfg.Logger.Info("log was rotated more than once since the last look, reading the file in between", "rotated", p.path)
	live := r.live
	defer func() { r.live = live }()
	r.live = live && !r.stale(p.head)
	if p.plain != nil {
		l := &logFile{file: p.plain, id: p.id, head: p.head, split: splitter{max: r.cfg.MaxLine}}
		r.retire(ctx, l)
		r.drain(ctx, l)
		return
	}
	r.readPredecessor(ctx, p, 0)
}

// readPredecessor hands over p from offset, remembers it as read and closes
// it, whatever comes of it: to try again would hand over lines twice.
func (r *follower) readPredecessor(ctx context.Context, p *predecessor, offset int64) {
	defer p.close()
	end, err := r.predecessor(ctx, p, offset, r.live, r.cfg.MaxLine)
	if err != nil {
		r.refused(p.path, err)
	}
	r.remember(p.head, end)
}

// refused counts and logs that a rotated file cannot be read, once in a row.
func (r *follower) refused(path string, err error) {
	if r.refusal == err.Error() {
		return
	}
	r.refusal = err.Error()
	r.stats.errors.Add(1)
	r.cfg.Logger.Warn("cannot read all of a rotated log", "rotated", path, "err", err)
}

// takeStock settles what of the rotated files is old. The list must have been
// made before the log was opened: what was rotated after that is new.
func (r *follower) takeStock(list []rotation) {
	for _, c := range list {
		r.advance(c.info.ModTime())
	}
	if r.current != nil {
		r.advance(r.current.written)
	}
	for _, c := range list {
		if c.info.ModTime().Before(r.since) {
			continue
		}
		if p, err := openPredecessor(c.path); err == nil {
			r.remember(p.head, 0)
			p.close()
		}
	}
}

// advance moves the time of the last look to t, a time that the file system
// gave. One in the future would hide what is to come.
func (r *follower) advance(t time.Time) {
	if t.After(r.since) && !t.After(r.now()) {
		r.since = t
	}
}

// remember keeps the place up to which a file was read that begins with head.
func (r *follower) remember(head []byte, offset int64) {
	if !distinct(head) {
		return // it would be taken for other files
	}
	r.seen = append(r.seen, r.position(head, offset))
	if len(r.seen) > maxSeen {
		r.seen = r.seen[1:]
	}
}

// recall returns which of seen is the file that begins with head, or -1. The
// latest counts, it is the one that was read furthest.
func (r *follower) recall(head []byte) int {
	for i := len(r.seen) - 1; i >= 0; i-- {
		if p := &r.seen[i]; p.matches(head) {
			return i
		}
	}
	return -1
}
