package ingest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// wake says why a watch woke.
type wake uint32

const (
	// wakeData: something was written; no path leads elsewhere.
	wakeData wake = iota + 1
	// wakePath: a path may name another file, or time has passed.
	wakePath
)

// fileID is what tells two open files apart.
type fileID struct{ dev, ino uint64 }

// idOf returns the identity of the file that info describes.
func idOf(info os.FileInfo) fileID {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return fileID{st.Dev, st.Ino}
	}
	return fileID{}
}

// watch waits for changes of a few paths and of open files. Of the paths the
// directories are watched: a watch on a file dies with the file, and rotation
// is a change of the directory. Where a path leads over symbolic links, the
// directory of each link is watched too, and those further up for being moved
// away as a whole. Open files are watched for writes, wherever they are moved
// to. What no event tells of is a file system that is mounted over the logs.
type watch struct {
	paths []string
	log   *slog.Logger
	hub   *hub
	timer *time.Timer
	// bell rings when there is a reason to wake; why is the strongest so far.
	bell chan struct{}
	why  atomic.Uint32
	// faults counts how often events were lost.
	faults atomic.Uint64
	// spots are what wakes us on behalf of paths, files on behalf of files.
	spots []spot
	files map[*os.File]spot
	// blind is why looking from time to time must stand in for events; empty
	// where every change raises an event.
	blind string
}

// newWatch watches the paths.
func newWatch(h *hub, log *slog.Logger, paths ...string) *watch {
	w := &watch{
		paths: paths, log: log, hub: h, timer: time.NewTimer(time.Hour),
		bell: make(chan struct{}, 1), files: map[*os.File]spot{},
	}
	w.timer.Stop()
	h.join(w)
	w.refresh()
	return w
}

// close ends the watch.
func (w *watch) close() {
	w.timer.Stop()
	for _, s := range w.spots {
		w.hub.drop(w, s)
	}
	for _, s := range w.files {
		w.hub.drop(w, s)
	}
	w.hub.leave(w)
}

// mend returns how often events were lost since it was last asked, and says
// so once. Whoever asks has to look at everything.
func (w *watch) mend() (times uint64) {
	if times = w.faults.Swap(0); times > 0 && w.hub.news("lost events") {
		w.log.Warn("the kernel has lost events, looking at every log")
	}
	return times
}

// wake rings the bell. It never blocks, and what happens while nobody listens
// costs one look.
func (w *watch) wake(why wake) {
	for {
		was := w.why.Load()
		if was >= uint32(why) || w.why.CompareAndSwap(was, uint32(why)) {
			break
		}
	}
	select {
	case w.bell <- struct{}{}:
	default:
	}
}

// wait blocks until something may have changed, limit has passed or ctx ends.
// Without a limit only events wake it.
func (w *watch) wait(ctx context.Context, limit time.Duration) wake {
	var tick <-chan time.Time
	if limit > 0 {
		w.timer.Reset(limit)
		defer w.timer.Stop()
		tick = w.timer.C
	}
	why := wakePath
	select {
	case <-ctx.Done():
		return why
	case <-tick:
	case <-w.bell:
		why = wake(w.why.Swap(0))
	}
	if why == wakePath {
		w.refresh()
	}
	return why
}

// refresh brings what is watched in line with where the paths lead now. What
// appears in a directory before its watch stands raises no event, so the paths
// are walked again until nothing has changed.
func (w *watch) refresh() {
	for range maxHops {
		before := w.spots
		w.spots = w.survey()
		for _, s := range before {
			if !slices.Contains(w.spots, s) {
				w.hub.drop(w, s)
			}
		}
		if slices.Equal(before, w.spots) {
			return
		}
	}
}

// survey watches the directories of all names that matter to the paths.
func (w *watch) survey() []spot {
	var spots []spot
	for _, path := range w.paths {
		for _, name := range namesOf(path) {
			dir, base := filepath.Split(name)
			if isPattern(base) {
				base = anyName
			}
			spots = w.lookAt(spots, dir, base, dirMask)
			for dir = filepath.Dir(filepath.Clean(dir)); dir != "/"; dir = filepath.Dir(dir) {
				spots = w.lookAt(spots, dir, theObject, wayMask)
			}
		}
	}
	return spots
}

// lookAt adds to spots that of a name in a directory.
func (w *watch) lookAt(spots []spot, dir, name string, mask uint32) []spot {
	s, err := w.hub.add(w, dir, name, mask)
	if err != nil {
		// A directory that has just gone is found out by the next walk.
		if !os.IsNotExist(err) {
			w.refused(dir, err)
		}
		return spots
	}
	if slices.Contains(spots, s) {
		return spots
	}
	w.distrust(dir)
	return append(spots, s)
}

// follow has writes to an open file wake the watch.
func (w *watch) follow(file *os.File) {
	name := selfPath(file)
	s, err := w.hub.add(w, name, theObject, fileMask)
	if err != nil {
		w.refused(file.Name(), err)
		return
	}
	w.distrust(name)
	w.files[file] = s
}

// unfollow takes back follow, before the file is closed.
func (w *watch) unfollow(file *os.File) {
	s, found := w.files[file]
	if !found {
		return
	}
	delete(w.files, file)
	for _, other := range w.files {
		if other == s {
			return // the same file, opened twice
		}
	}
	w.hub.drop(w, s)
}

// descriptor returns file's; Fd would make a file block that does not.
func descriptor(file *os.File) (fd int) {
	conn, err := file.SyscallConn()
	if err == nil {
		err = conn.Control(func(raw uintptr) { fd = int(raw) }) //nolint:gosec // a descriptor
	}
	if err != nil {
		return -1 // closed, which the caller's system call will say
	}
	return fd
}

// distrust looks whether path lies where events do not tell everything.
func (w *watch) distrust(path string) {
	if fs := remote(path); fs != "" {
		w.goBlind("on " + fs + " others write unnoticed")
	}
}

// refused notes that the kernel does not watch path. Its limits are those of
// inotify(7), of which it tells by errors that mean something else.
func (w *watch) refused(path string, err error) {
	reason := err.Error()
	switch {
	case errors.Is(err, unix.ENOSPC):
		reason += "; raise fs.inotify.max_user_watches"
	case errors.Is(err, unix.EMFILE):
		reason += "; raise fs.inotify.max_user_instances"
	}
	w.goBlind(reason, slog.String("watched", path))
}

// goBlind notes that events do not tell everything.
func (w *watch) goBlind(reason string, more ...slog.Attr) {
	w.blind = reason
	if w.hub.news(reason) {
		w.log.LogAttrs(context.Background(), slog.LevelWarn,
			"cannot be told of every change, looking every few seconds too", append(more, slog.String("reason", reason))...)
	}
}
