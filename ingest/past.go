package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// errMoved says that a name leads to another file than it did when the
// directory was listed: logrotate is at work.
var errMoved = errors.New("the rotated log was moved meanwhile")

// past is a rotated log that was opened. What was found out about it is about
// the open file, whatever becomes of its name.
type past struct {
	path    string
	file    *os.File
	id      fileID
	modTime time.Time
	// head are its first bytes, unpacked; as far as they can be read.
	head []byte
	// plain is set where it is not compressed, whatever its name says.
	plain bool
	// err is why nothing of it can be read.
	err error
}

// openPast opens a rotated log. The error is one that another listing may
// mend; any other is kept for whoever wants to read the log.
func openPast(r rotation) (*past, error) {
	p := &past{path: r.path, id: idOf(r.info), modTime: r.info.ModTime()}
	file, err := openRegular(r.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, errMoved
	case err != nil:
		p.err = err
		return p, nil //nolint:nilerr // it is kept
	}
	if info, err := file.Stat(); err != nil || idOf(info) != p.id {
		_ = file.Close() // read only: nothing can be lost
		return nil, errMoved
	}
	p.file = file
	p.head, p.plain, p.err = headOf(file)
	return p, nil
}

// open returns a reader of what the log holds, from its start, to be closed
// by the caller; the log itself stays open.
func (p *past) open() (io.ReadCloser, error) {
	if p.err != nil {
		return nil, p.err
	}
	return Open(selfPath(p.file))
}

// close lets go of the log.
func (p *past) close() {
	if p.file != nil {
		_ = p.file.Close() // read only: nothing can be lost
	}
}

// logFile makes a plain log one that is followed, and hands it over.
func (p *past) logFile(maxLine int) *logFile {
	l := &logFile{file: p.file, id: p.id, split: splitter{max: maxLine}}
	p.file = nil
	return l
}

// selfPath is a name of an open file that stays true when its path comes to
// name another (proc_pid_fd(5)). To open it makes an offset of its own.
func selfPath(file *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", descriptor(file)) }

// headOf reads the first bytes of an open log, unpacked, and tells whether it
// had to. A damaged log is still known by what it has.
func headOf(file *os.File) (head []byte, plain bool, err error) {
	rc, err := Open(selfPath(file))
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = rc.Close() }() // read only: nothing can be lost
	buf := make([]byte, headLen)
	n, err := io.ReadFull(rc, buf)
	if n > 0 || errors.Is(err, io.EOF) {
		err = nil
	}
	_, plain = rc.(*os.File)
	return buf[:n], plain, err
}

// verdict is what is said of a rotated log that is reached on the way back
// from the newest to the oldest.
type verdict int

const (
	// wanted: this one, and perhaps older ones.
	wanted verdict = iota
	// oldestWanted: this one, and none that is older.
	oldestWanted
	// tooOld: neither this one nor any that is older.
	tooOld
)

// listings is how often the directory is listed anew because it changes while
// we read it. One rotation makes it change a few times within milliseconds.
const listings = 10

// openBack opens the rotated logs of path, some of which may be in other
// directories, from the newest back to where judge ends it, and returns them
// with the oldest first. ended is false where the way came to no end before
// the last one. Files that are rotated after next was do not matter; nil is no
// such file. The error is errMoved where the directory does not come to rest.
func openBack(path string, next *logFile, judge func(p *past) verdict, others ...string) (logs []*past, ended bool, err error) {
	list := rotated(path, others...)
	for range listings {
		var judged int
		logs, judged, ended, err = tryOpenBack(list, judge)
		// A listing taken while files are renamed can lack some of them.
		again := rotated(path, others...)
		if err == nil && complete(list[len(list)-judged:], again, next) {
			return logs, ended, nil
		}
		closeAll(logs)
		list = again
	}
	return nil, false, errMoved
}

// complete reports whether list, of which the rest was not needed, lacks none
// of the logs that a later listing has.
func complete(list, again []rotation, next *logFile) bool {
	isNext := func(r rotation) bool { return next != nil && idOf(r.info) == next.id }
	if len(list) == 0 {
		return len(again) == 0 || isNext(again[0])
	}
	start := slices.IndexFunc(again, list[0].same)
	if start < 0 || len(again)-start < len(list) || !slices.EqualFunc(list, again[start:start+len(list)], rotation.same) {
		return false
	}
	more := again[start+len(list):]
	return len(more) == 0 || isNext(more[0]) || slices.ContainsFunc(list, isNext)
}

// tryOpenBack is openBack for one listing. It also returns how many logs it
// came to judge.
func tryOpenBack(list []rotation, judge func(p *past) verdict) (logs []*past, judged int, ended bool, err error) {
	for _, r := range slices.Backward(list) {
		p, err := openPast(r)
		if err != nil {
			closeAll(logs)
			return nil, 0, false, err
		}
		judged++
		v := judge(p)
		if v == tooOld {
			p.close()
		} else {
			logs = append(logs, p)
		}
		if ended = v != wanted; ended {
			break
		}
	}
	slices.Reverse(logs)
	return logs, judged, ended, nil
}

// closeAll lets go of logs.
func closeAll(logs []*past) {
	for _, p := range logs {
		p.close()
	}
}

// openFrom opens the rotated log that pos was taken from and all newer ones,
// the oldest first; none where it is not to be found. Of several that begin
// alike the newest counts.
func openFrom(path string, pos *Position) []*past {
	logs, found, err := openBack(path, nil, func(p *past) verdict {
		if pos.matches(p.head) || pos.unreadIn(p) {
			return oldestWanted
		}
		return wanted
	})
	if err != nil || !found {
		closeAll(logs)
		return nil
	}
	return logs
}
