package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"time"
)

// staleAge is how old the first line of a file that newly appears may be for
// the file to count as written just now. Older ones were moved or copied here.
const staleAge = time.Hour

// start makes the first attempt and declares the source ready, whatever came
// of it: a log that cannot be read must not keep the service from starting.
func (r *follower) start(ctx context.Context) {
	r.begin(ctx)
	if ctx.Err() == nil {
		r.live = true
		r.ready()
	}
}

// begin opens the log for the first time, reads what is to be read of the
// past and then what stood in it. Refused, it will be tried again.
func (r *follower) begin(ctx context.Context) {
	l, err := openLog(r.cfg.Path, r.cfg.MaxLine)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil {
		r.fail("open", err)
		if !missing {
			return
		}
	} else {
		r.recovered()
		r.current = l
		r.watch.follow(l.file)
	}
	r.started = true
	live := r.live
	r.live = false
	if r.cfg.Start != nil {
		r.resume(ctx)
	} else {
		r.firstStart(ctx)
	}
	r.readStood(ctx)
	r.live = live
}

// readStood reads, as history, what the current file holds now.
func (r *follower) readStood(ctx context.Context) {
	if r.current == nil {
		return
	}
	live := r.live
	r.live = false
	defer func() { r.live = live }()
	stood, err := r.current.size()
	if err != nil {
		r.fail("look at", err)
		return
	}
	for ctx.Err() == nil && r.current.next < stood {
		rest := stood - r.current.next
		chunk, err := r.current.read(r.buf[:min(rest, readSize)])
		if err != nil || len(chunk) == 0 {
			return // drain will meet the same and deal with it
		}
		r.measure(r.current, len(chunk))
		r.chunk(&r.current.split, chunk, false)
		r.handler.Done(r.place())
	}
	r.measure(r.current, 0)
}

// resume goes on where Start says. If the log was rotated meanwhile, the rest
// of the rotated file and all newer ones are read first.
func (r *follower) resume(ctx context.Context) {
	start := r.cfg.Start
	if l := r.current; l != nil && (start.Inode == 0 || start.Inode == l.id.ino) {
		var buf [headLen]byte
		head, err := readHead(l.file, &buf)
		size, sizeErr := l.size()
		if err == nil && sizeErr == nil && size >= start.Offset && start.continues(l.file, head) {
			l.resume(*start, head)
			return
		}
	}
	logs := openFrom(r.cfg.Path, start)
	defer closeAll(logs)
	if len(logs) == 0 {
		r.gap()
		if r.current != nil && start.Offset > 0 {
			r.seekHistory(r.now().Add(-r.cfg.History))
		}
		return
	}
	r.readAll(ctx, logs, start.Offset)
}

// readAll reads rotated files, the first from offset.
func (r *follower) readAll(ctx context.Context, logs []*past, offset int64) {
	for _, p := range logs {
		if ctx.Err() != nil {
			return
		}
		r.readRotated(ctx, p, offset, false)
		offset = 0
	}
}

// readRotated reads one rotated file from offset.
func (r *follower) readRotated(ctx context.Context, p *past, offset int64, live bool) {
	r.readPast(ctx, p, offset, live, true)
}

// readCopy is readRotated for a copy of a log that was then truncated, whose
// last line may be torn.
func (r *follower) readCopy(ctx context.Context, p *past, offset int64) {
	r.readPast(ctx, p, offset, r.live, false)
}

func (r *follower) readPast(ctx context.Context, p *past, offset int64, live, whole bool) {
	if err := r.predecessor(ctx, p, offset, live, whole, r.cfg.MaxLine); err != nil {
		r.stats.errors.Add(1)
		r.cfg.Logger.Warn("cannot read all of a rotated log", "rotated", p.path, "err", err)
	}
}

// firstStart finds where History begins: within the current file, or in one
// of its predecessors, which are then read first.
func (r *follower) firstStart(ctx context.Context) {
	since := r.now().Add(-r.cfg.History)
	if r.current != nil && r.seekHistory(since) {
		return
	}
	logs, _, err := openBack(r.cfg.Path, nil, func(p *past) verdict {
		if p.modTime.Before(since) {
			return tooOld
		}
		return wanted
	})
	defer closeAll(logs)
	if err != nil {
		r.fail("list rotated logs", err)
	}
	if len(logs) > 0 {
		r.readAll(ctx, logs, r.historyOffset(logs[0], since))
	}
}

// seekHistory moves the current file to where since begins and reports
// whether that is within the file, so that no older file is needed.
func (r *follower) seekHistory(since time.Time) bool {
	l := r.current
	info, err := l.file.Stat()
	if err != nil {
		r.fail("look at", err)
		return true
	}
	s := seeker{r: l.file, stamp: r.stamp(info.ModTime())}
	at, err := s.seek(info.Size(), since)
	if err != nil {
		r.fail("search", err)
		return true
	}
	if at == 0 {
		return false
	}
	var buf [headLen]byte
	head, err := readHead(l.file, &buf)
	if err != nil {
		r.fail("read", err)
		return true
	}
	l.resume(Position{Offset: at}, head)
	return true
}

// stamp returns a reader of stamps of a log that was last written at ref.
func (r *follower) stamp(ref time.Time) func(line []byte) (time.Time, bool) {
	return func(line []byte) (time.Time, bool) {
		return r.cfg.Stamp(line, ref, r.cfg.Location)
	}
}

// historyOffset finds where since begins in a rotated log. A compressed one
// cannot be searched and is read from its start: its lines are judged by
// their stamps anyway.
func (r *follower) historyOffset(p *past, since time.Time) int64 {
	if p.file == nil || !p.plain {
		return 0
	}
	info, err := p.file.Stat()
	if err != nil {
		return 0 // reading it will report the error
	}
	s := seeker{r: p.file, stamp: r.stamp(info.ModTime())}
	at, err := s.seek(info.Size(), since)
	if err != nil {
		return 0
	}
	return at
}

// predates reports whether a file that has newly appeared begins with a line
// that is too old for it to have been written since: an old log was put in
// the place, and taking it for live would ban for what is long past.
func (r *follower) predates(l *logFile) bool {
	if l.next > 0 {
		return false
	}
	buf := make([]byte, probeWindow)
	n, err := l.file.ReadAt(buf, 0)
	if n == 0 || (err != nil && err != io.EOF) {
		return false
	}
	now := r.now()
	line, _, _ := bytes.Cut(buf[:n], []byte("\n"))
	when, ok := r.stamp(now)(line)
	return ok && when.Before(now.Add(-staleAge))
}
