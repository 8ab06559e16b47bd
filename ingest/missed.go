package ingest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// missed reads the logs that came and went between two looks: those rotated
// logs that stand between known, which was read until now, and next, which the
// path names by now. What cannot be told for certain is not read, because to
// miss a line is better than to count it twice; it is counted as a gap.
func (r *follower) missed(ctx context.Context, known, next *logFile) {
	logs, certain := r.between(known, next)
	if !certain {
		r.gap()
		closeAll(logs)
		return
	}
	for _, p := range logs {
		r.stats.rotations.Add(1)
		if !p.plain {
			r.readRotated(ctx, p, 0, r.live)
			p.close()
			continue
		}
		// Its writer may not have let go of it yet.
		l := p.logFile(r.cfg.MaxLine)
		r.watch.follow(l.file)
		r.adopt(ctx, l)
		r.retire(ctx, l)
	}
}

// gap counts and says that lines may be missing.
func (r *follower) gap() {
	r.stats.gaps.Add(1)
	r.cfg.Logger.Warn("log was replaced and what came before it is not to be found, lines may be missing")
}

// between opens the logs that stand between known and next in the listing of
// rotated logs, the oldest first, and reports whether it is certain that they
// were not read yet and are all.
func (r *follower) between(known, next *logFile) (logs []*past, certain bool) {
	at, rotation := whereabouts(known.file, r.cfg.Path)
	if !rotation {
		return nil, true // a link was switched, or the log was moved away by hand
	}
	info, err := known.file.Stat()
	if err != nil {
		return nil, false
	}
	before := next.nowHead()
	found := false
	logs, _, err = openBack(r.cfg.Path, next, func(p *past) verdict {
		switch found = p.id == known.id || alike(p.head, known.head); {
		case found, p.modTime.Before(info.ModTime()):
			return tooOld
		}
		return wanted
	}, at)
	if err != nil {
		return nil, false
	}
	logs, doubtful := r.unread(upTo(logs, next, before))
	return logs, !doubtful && (found || len(logs) == 0)
}

// upTo leaves out what is newer than next, or a copy of it, and so not before
// it. It may be cut meanwhile, so that its beginning before the logs were
// opened counts, too.
func upTo(logs []*past, next *logFile, before []byte) []*past {
	after := next.nowHead()
	i := slices.IndexFunc(logs, func(p *past) bool {
		return p.id == next.id || alike(p.head, before) || alike(p.head, after)
	})
	if i < 0 {
		return logs
	}
	closeAll(logs[i:])
	return logs[:i]
}

// unread leaves out the logs that were read before and those that are empty.
// One that has no recognisable beginning makes everything doubtful.
func (r *follower) unread(logs []*past) (rest []*past, doubtful bool) {
	for _, p := range logs {
		switch {
		case p.err != nil, len(p.head) > 0 && isHole(p.head):
			doubtful = true
			p.close()
		case len(p.head) == 0, r.wasRead(p):
			p.close()
		default:
			rest = append(rest, p)
		}
	}
	return rest, doubtful
}

// wasRead reports whether p is one of the files that were read before.
func (r *follower) wasRead(p *past) bool {
	return slices.ContainsFunc(r.retired, func(l *logFile) bool { return l.id == p.id || alike(l.head, p.head) }) ||
		slices.ContainsFunc(r.seen, func(pos Position) bool { return pos.matches(p.head) })
}

// alike reports whether two heads can be of one file, of which one was seen
// when it was shorter. An empty file and one that begins with NUL bytes can be
// any, and are like none.
func alike(a, b []byte) bool {
	return !isHole(a) && !isHole(b) && (grows(a, b) || grows(b, a))
}

// whereabouts returns the directory where the open file of a log at path is
// by now, which logrotate's olddir may have changed, and whether its name is
// that of a rotated log, or was when it was deleted after it was compressed.
func whereabouts(file *os.File, path string) (dir string, rotation bool) {
	now, err := os.Readlink(selfPath(file))
	if err != nil {
		return "", false
	}
	now, gone := strings.CutSuffix(now, " (deleted)") // linux fs/d_path.c, d_path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	name, _ := unpackedName(filepath.Base(now))
	return filepath.Dir(now), gone || isRotation(name, filepath.Base(path))
}
