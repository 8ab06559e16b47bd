package journal

import (
	"context"
	"io"
	"log/slog"
	"sync"
)

// NewHandler is slog.NewTextHandler for a w that leads to the journal.
func NewHandler(w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	to := &marker{w: w}
	return handler{slog.NewTextHandler(to, opts), to}
}

// handler tells the marker the level of the record that comes next.
type handler struct {
	slog.Handler
	to *marker // shared by all that WithAttrs and WithGroup make of it
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	h.to.mu.Lock()
	defer h.to.mu.Unlock()
	h.to.level = r.Level
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.to}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.to}
}

// marker writes records, one with each Write, under the lock of Handle.
type marker struct {
	mu    sync.Mutex
	w     io.Writer
	level slog.Level
}

func (m *marker) Write(record []byte) (int, error) {
	if _, err := io.WriteString(m.w, Mark(m.level, string(record))); err != nil {
		return 0, err
	}
	return len(record), nil
}
