package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/smtpbl/smtpbl/ingest"
)

// byAge sorts logs by when they were last written, because the shell sorts
// "mail.log*" the wrong way round: the newest first. Standard input is last.
func byAge(files []string) []string {
	written := func(name string) time.Time {
		if st, err := os.Stat(name); name != "-" && err == nil {
			return st.ModTime()
		}
		return time.Now()
	}
	return slices.SortedStableFunc(slices.Values(files), func(a, b string) int {
		return written(a).Compare(written(b))
	})
}

// eachLog reads the logs one after the other, from the oldest on. One that
// cannot be read is told and the rest goes on; the error says at the end that
// something is missing.
func (a *app) eachLog(ctx context.Context, files []string, s *scanner, shown *progress) error {
	var failed error
	files = byAge(files)
	shown.start(files)
	for _, name := range files {
		err := a.readLog(ctx, name, s, shown)
		if errors.Is(err, context.Canceled) {
			shown.stop()
			return fmt.Errorf("read %s: interrupted", name)
		}
		if err != nil {
			shown.clear(func() { fmt.Fprintln(a.stderr, "smtpbl: error:", err) })
			failed = errNo
		}
	}
	shown.stop()
	if s.overLong > 0 {
		fmt.Fprintf(a.stderr, "smtpbl: warning: %d lines are longer than %d bytes; the rest of them was not read\n", s.overLong, ingest.DefaultMaxLine)
	}
	if s.unread > 0 {
		fmt.Fprintf(a.stderr, "smtpbl: warning: %d lines are about a login, but their client's address cannot be read\n", s.unread)
	}
	return failed
}

func (a *app) readLog(ctx context.Context, name string, s *scanner, shown *progress) error {
	in, ref, before := &input{ctx: ctx}, time.Now(), s.lines
	if name == "-" {
		name = "standard input"
		r, err := ingest.Unpack(a.stdin)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		in.Reader = r
	} else {
		f, err := openLog(name)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // only read
		in.Reader = f
		if st, err := os.Stat(name); err == nil {
			ref = st.ModTime() // the year that traditional stamps lack
		}
	}
	shown.reads(in.offset)
	defer shown.reads(nil)
	if err := s.read(in, ref, time.Local); err != nil {
		return fmt.Errorf("read %s: stopped after %d lines: %w", name, s.lines-before, err)
	}
	return nil
}

// openLog opens a regular file, or what the shell makes of <(command), or
// /dev/stdin. Those are links to a pipe; a named pipe itself is no log.
func openLog(name string) (io.ReadCloser, error) {
	link, err := os.Lstat(name)
	if err != nil || link.Mode()&os.ModeSymlink == 0 {
		return ingest.Open(name)
	}
	if st, err := os.Stat(name); err == nil && st.Mode()&(os.ModeNamedPipe|os.ModeCharDevice) != 0 {
		// Not to wait for ever for somebody to write to a pipe.
		f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, err
		}
		r, err := ingest.Unpack(f)
		if err != nil {
			_ = f.Close() // the error that matters is err
			return nil, fmt.Errorf("open %s: %w", name, err)
		}
		return stream{r, f}, nil
	}
	return ingest.Open(name)
}

// stream is what Unpack made of a pipe, and the pipe.
type stream struct {
	io.Reader
	io.Closer
}

// input reads until the context ends, and counts.
type input struct {
	io.Reader
	ctx  context.Context //nolint:containedctx // Read has no context
	done atomic.Int64    // bytes
}

// Read reads unless the context has ended.
func (in *input) Read(p []byte) (int, error) {
	if err := in.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := in.Reader.Read(p)
	in.done.Add(int64(n))
	return n, err
}

// offset is how much of the file was read, which for a compressed one is less
// than came out.
func (in *input) offset() int64 {
	if n := ingest.Offset(in.Reader); n > 0 {
		return n
	}
	return in.done.Load()
}
