package store

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/smtpbl/smtpbl/ingest"
)

func mustSave(t *testing.T, s *Store, text string) Window {
	t.Helper()
	w, err := s.SaveWindow(func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// mustRead returns the window of a state, "" where there is none.
func mustRead(t *testing.T, s *Store, st *State) string {
	t.Helper()
	in, err := s.OpenWindow(st)
	if err != nil {
		t.Fatal(err)
	}
	if in == nil {
		return ""
	}
	b, err := io.ReadAll(in)
	if err := errors.Join(err, in.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func windowNames(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, windowPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = filepath.Base(names[i])
	}
	slices.Sort(names)
	return names
}

func at(n int64) []ingest.Position { return []ingest.Position{{Source: "log", Offset: n}} }

// TestWindowAndPositionsAreOne stops, as a crash does, between any two steps of
// the second checkpoint, and wants what belongs together.
func TestWindowAndPositionsAreOne(t *testing.T) {
	for name, tt := range map[string]struct {
		steps func(t *testing.T, s *Store)
		want  string
		at    int64
	}{
		"before it": {func(*testing.T, *Store) {}, "one", 1},
		"in the file": {func(t *testing.T, s *Store) {
			if err := os.WriteFile(s.windowPath(2), []byte("tw"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "one", 1},
		"behind the file": {func(t *testing.T, s *Store) { mustSave(t, s, "two") }, "one", 1},
		"on disk": {func(t *testing.T, s *Store) {
			if err := s.syncWindow(mustSave(t, s, "two")); err != nil {
				t.Fatal(err)
			}
		}, "one", 1},
		"named": {func(t *testing.T, s *Store) {
			if err := s.checkpoint(at(2), mustSave(t, s, "two")); err != nil {
				t.Fatal(err)
			}
		}, "two", 2},
		"behind it": {func(t *testing.T, s *Store) {
			if err := s.Checkpoint(at(2), mustSave(t, s, "two")); err != nil {
				t.Fatal(err)
			}
		}, "two", 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, _ := mustOpen(t, dir)
			if err := s.Checkpoint(at(1), mustSave(t, s, "one")); err != nil {
				t.Fatal(err)
			}
			tt.steps(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s, st := mustOpen(t, dir)
			defer s.Close()
			if got := mustRead(t, s, &st); got != tt.want || st.Positions[0].Offset != tt.at {
				t.Errorf("window %q at %d, want %q at %d", got, st.Positions[0].Offset, tt.want, tt.at)
			}
			if s.Tidy(nil); len(windowNames(t, dir)) != 1 {
				t.Errorf("%v are left, want one", windowNames(t, dir))
			}
			if w := mustSave(t, s, "three"); w.Number <= st.Window.Number {
				t.Errorf("the next window has number %d after %d", w.Number, st.Window.Number)
			}
		})
	}
}

// TestTidyLeavesOtherFilesAlone, and windows that are needed.
func TestTidyLeavesOtherFilesAlone(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, dir)
	defer s.Close()
	if err := s.Checkpoint(at(1), mustSave(t, s, "one")); err != nil {
		t.Fatal(err)
	}
	held := mustSave(t, s, "of a trial")
	mustSave(t, s, "left behind")
	if err := os.Mkdir(filepath.Join(dir, "window-9"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"window-", "window-x", "window-007", "window--1", "window-8.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.Tidy(&held)
	want := []string{"window-", "window--1", "window-007", "window-1", "window-2", "window-8.txt", "window-9", "window-x"}
	if diff := cmp.Diff(want, windowNames(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestLostWindows are told, at the start and at a checkpoint, and cost neither
// bans nor positions.
func TestLostWindows(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"gone":   os.Remove,
		"short":  func(path string) error { return os.Truncate(path, 2) },
		"long":   func(path string) error { return os.Truncate(path, 4) },
		"spoilt": func(path string) error { return os.WriteFile(path, []byte("onf"), 0o600) },
		"a link": func(path string) error { return errors.Join(os.Remove(path), os.Symlink("/dev/zero", path)) },
		"a directory": func(path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, _ := mustOpen(t, dir)
			w := mustSave(t, s, "one")
			err := errors.Join(s.Put([]Record{sample("198.51.100.7/32", "")}), s.Checkpoint(at(1), w), lose(s.windowPath(w.Number)), s.Close())
			if err != nil {
				t.Fatal(err)
			}
			s, st := mustOpen(t, dir)
			defer s.Close()
			in, err := s.OpenWindow(&st)
			if !errors.Is(err, ErrWindow) || in != nil {
				t.Errorf("OpenWindow = %v, %v; want ErrWindow", in, err)
			}
			if len(records(t, s)) != 1 || len(st.Positions) != 1 {
				t.Error("more was lost than the window")
			}
		})
	}
	dir := t.TempDir()
	s, _ := mustOpen(t, dir)
	defer s.Close()
	one, two := mustSave(t, s, "one"), mustSave(t, s, "two")
	if err := s.Checkpoint(at(1), one); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.windowPath(two.Number), 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Checkpoint(at(2), two); !errors.Is(err, ErrWindow) {
		t.Errorf("Checkpoint = %v, want ErrWindow", err)
	}
	if st, err := s.load(); err != nil || *st.Window != one || st.Positions[0].Offset != 1 {
		t.Errorf("state %+v, %v; want that of the checkpoint before", st, err)
	}
}

// TestAWindowThatCannotBeWritten leaves no file.
func TestAWindowThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, dir)
	defer s.Close()
	full := errors.New("no space left on device")
	_, err := s.SaveWindow(func(w io.Writer) error {
		_, _ = io.WriteString(w, "a part")
		return full
	})
	if !errors.Is(err, full) || len(windowNames(t, dir)) != 0 {
		t.Errorf("SaveWindow = %v with %v left", err, windowNames(t, dir))
	}
	w := mustSave(t, s, "one")
	if s.DropWindow(w); len(windowNames(t, dir)) != 0 {
		t.Errorf("%v are left of one that was dropped", windowNames(t, dir))
	}
}

// TestTheWindowOfAnEarlierProgram lay in the history itself. With the first
// checkpoint it goes.
func TestTheWindowOfAnEarlierProgram(t *testing.T) {
	large := strings.Repeat("window", 1<<20)
	dir := spoilt(t, func(tx *bolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		return errors.Join(meta.Delete(keySchema), meta.Put(keySnapshot, []byte(large)))
	})
	s, st := mustOpen(t, dir)
	if got := mustRead(t, s, &st); got != large {
		t.Errorf("the window has %d bytes, want %d", len(got), len(large))
	}
	if err := errors.Join(s.Checkpoint(at(1), mustSave(t, s, "new")), s.Close()); err != nil {
		t.Fatal(err)
	}
	s, st = mustOpen(t, dir)
	defer s.Close()
	if got := mustRead(t, s, &st); got != "new" || st.Snapshot != nil {
		t.Errorf("the window is %.20q", got)
	}
}

func FuzzDecodeWindow(f *testing.F) {
	f.Add([]byte(`{"number":1,"size":3,"sum":7}`))
	f.Fuzz(func(t *testing.T, v []byte) {
		if w, err := decodeWindow(v); (err == nil) != (w != nil) || err != nil && !errors.Is(err, errDamaged) {
			t.Fatalf("decodeWindow(%q) = %v, %v", bytes.TrimSpace(v), w, err)
		}
	})
}
