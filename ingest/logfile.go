package ingest

import (
	"errors"
	"io"
	"os"
	"time"
)

// errReplaced says that a file no longer begins as it did: it was truncated
// and written anew.
var errReplaced = errors.New("the file's beginning has changed")

// logFile is one open file of a followed path.
type logFile struct {
	file *os.File
	id   fileID
	// head are the file's first bytes, up to headLen, as last seen.
	head []byte
	// written is when the file was last written, as of its opening or the
	// last call of stat.
	written time.Time
	// next is the offset of the next read.
	next  int64
	split splitter
	// quietSince is when the last read that brought something was.
	quietSince time.Time
}

// openLog opens the log at path.
func openLog(path string, maxLine int) (*logFile, error) {
	file, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close() // the error that matters is err
		return nil, err
	}
	l := &logFile{file: file, id: idOf(info), written: info.ModTime(), split: splitter{max: maxLine}}
	if err := l.look(); err != nil {
		_ = file.Close() // the error that matters is err
		return nil, err
	}
	return l, nil
}

// is reports whether p is this file, or begins as a copy of it would. A copy
// that is being made may be shorter, but never longer than what it is made
// of, provided that p's head was read before this. Of a file that was just
// truncated the former head counts: that is what a copy was made of.
func (l *logFile) is(p *predecessor) bool {
	if p.plain != nil && p.id == l.id {
		return true
	}
	_ = l.look() // the head stays what it was
	return len(p.head) > 0 && grows(l.head, p.head)
}

// look takes the file's first bytes anew. It returns errReplaced when they do
// not continue those that were seen before.
func (l *logFile) look() error {
	var buf [headLen]byte
	now, err := readHead(l.file, &buf)
	if err != nil {
		return err
	}
	if !grows(now, l.head) {
		return errReplaced
	}
	l.head = append(l.head, now[len(l.head):]...)
	return nil
}

// stat takes the time of the last write anew.
func (l *logFile) stat() {
	if info, err := l.file.Stat(); err == nil {
		l.written = info.ModTime()
	}
}

// size returns the file's present size.
func (l *logFile) size() (int64, error) {
	info, err := l.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// lineStart is the offset of the first byte that was not handed over.
func (l *logFile) lineStart() int64 { return l.next - l.split.pending }

// read fills buf from the next offset and returns what is new. It returns
// errReplaced when the file was truncated since the last read. The beginning
// is compared after the data was read: were it compared before, a truncation
// between the two would pass for a file that merely grew.
func (l *logFile) read(buf []byte) ([]byte, error) {
	n, err := l.file.ReadAt(buf, l.next)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if n == 0 {
		size, sizeErr := l.size()
		if sizeErr != nil {
			return nil, sizeErr
		}
		if size < l.next {
			return nil, errReplaced
		}
	}
	if err := l.look(); err != nil {
		return nil, err
	}
	l.next += int64(n)
	return buf[:n], nil
}

// rewind starts over with a file that was truncated.
func (l *logFile) rewind() {
	l.next, l.head = 0, l.head[:0]
	l.split.reset()
}

// resume makes reading go on at offset.
func (l *logFile) resume(offset int64) { l.next = offset }
