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
	// head are the file's first bytes, up to headLen, as far as it was read.
	head []byte
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
	return &logFile{file: file, id: idOf(info), split: splitter{max: maxLine}}, nil
}

// size returns the file's present size.
func (l *logFile) size() (int64, error) {
	info, err := l.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// nowHead returns what the file begins with now; nothing where it cannot be
// read.
func (l *logFile) nowHead() []byte {
	var buf [headLen]byte
	head, err := readHead(l.file, &buf)
	if err != nil {
		return nil
	}
	return head
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
	var head [headLen]byte
	now, err := readHead(l.file, &head)
	if err != nil {
		return nil, err
	}
	if !grows(now, l.head) {
		return nil, errReplaced
	}
	l.next += int64(n)
	if known := min(l.next, int64(len(now))); int(known) > len(l.head) {
		l.head = append(l.head[:0], now[:known]...)
	}
	return buf[:n], nil
}

// rewind starts over with a file that was truncated.
func (l *logFile) rewind() {
	l.next, l.head = 0, l.head[:0]
	l.split.reset()
}

// resume makes reading go on at pos, in a file that begins with head.
func (l *logFile) resume(pos Position, head []byte) {
	l.next = pos.Offset
	l.head = append(l.head[:0], head[:min(int64(len(head)), pos.Offset)]...)
}
