package main

import (
	"errors"
	"io/fs"
	"testing"
)

// TestHarnessWatch goes through looks one after the other.
func TestHarnessWatch(t *testing.T) {
	absent := errors.New("the harness is not in the file")
	looks := []struct {
		what             string
		files            error
		marked, unmarked uint64
		unreadable       bool
		want             error
	}{
		{"nothing came yet", nil, 0, 0, false, nil},
		{"packets are marked", nil, 5, 0, false, nil},
		{"ufw is disabled", nil, 5, 3, false, errUnmarked},
		{"nothing comes meanwhile", nil, 5, 3, false, errUnmarked},
		{"ufw is enabled again", nil, 9, 3, false, nil},
		{"some rule accepts before the harness marks", nil, 12, 4, false, nil},
		{"ufw is reset", absent, 12, 9, false, absent},
		{"nobody comes", absent, 12, 9, false, absent},
		{"installed again, after more came without", nil, 12, 10, false, nil},
		{"the table was built anew", nil, 0, 0, false, nil},
		{"and not marked", nil, 0, 1, false, errUnmarked},
		{"the files are for root alone", fs.ErrPermission, 0, 2, false, errUnmarked},
		{"and packets are marked", fs.ErrPermission, 3, 2, false, nil},
		{"nobody comes and nothing can be read", fs.ErrPermission, 3, 2, false, nil},
		{"ufw is reset unseen", fs.ErrPermission, 3, 4, false, errUnmarked},
		{"the table is gone", nil, 0, 0, true, errUnmarked},
		{"it is back", nil, 5, 4, false, nil},
	}
	w := &harnessWatch{}
	for _, l := range looks {
		w.files = func() error { return l.files }
		w.counts = func() (uint64, uint64, bool) { return l.marked, l.unmarked, !l.unreadable }
		if got := w.look(); !errors.Is(got, l.want) {
			t.Errorf("%s: %v, want %v", l.what, got, l.want)
		}
	}
}
