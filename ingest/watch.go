package ingest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// wake says why a watch woke.
type wake uint8

const (
	// wakeData: something was written to the path; nothing else changed.
	wakeData wake = iota
	// wakePath: the path may name another file, or time has passed.
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

// watch waits for changes of a few paths. The directories are watched, not
// the files: a watch on a file dies with the file, and rotation is a change of
// the directory. Where a path leads over symbolic links, the directory of each
// link is watched too.
type watch struct {
	paths []string
	log   *slog.Logger
	// events is nil where inotify is not to be had; the ticks must do then.
	notify *fsnotify.Watcher
	events chan fsnotify.Event
	errs   chan error
	timer  *time.Timer
	// dirs are the watched directories, as they were when they were added.
	dirs map[string]fileID
	// names are the full names whose changes concern the paths.
	names []string
}

// newWatch watches the paths. Where the kernel refuses an inotify instance,
// the watch works by its ticks alone.
func newWatch(log *slog.Logger, paths ...string) *watch {
	w := &watch{paths: paths, log: log, dirs: map[string]fileID{}, timer: time.NewTimer(time.Hour)}
	// The buffer lets a burst of writes collect while lines are parsed.
	notify, err := fsnotify.NewBufferedWatcher(256)
	if err != nil {
		log.Warn("cannot watch for changes, looking every few seconds instead; raise fs.inotify.max_user_instances", "err", err)
	} else {
		w.notify, w.events, w.errs = notify, notify.Events, notify.Errors
	}
	w.refresh()
	return w
}

// close ends the watch and waits for nothing.
func (w *watch) close() {
	w.timer.Stop()
	if w.notify != nil {
		_ = w.notify.Close() // reading ends here, there is nobody to tell
	}
}

// wait blocks until a path may have changed, limit has passed or ctx ends.
// Events that have piled up are taken together.
func (w *watch) wait(ctx context.Context, limit time.Duration) wake {
	w.timer.Reset(limit)
	for {
		select {
		case <-ctx.Done():
			return wakePath
		case <-w.timer.C:
			w.refresh()
			return wakePath
		case <-w.errs: //nolint:errcheck // which error does not matter
			// An overflowed queue has lost events: look at everything.
			w.refresh()
			return wakePath
		case event := <-w.events:
			if why, mine := w.judge(event); mine {
				return w.collect(why)
			}
		}
	}
}

// judge says what an event means, and whether it is one of ours at all.
func (w *watch) judge(event fsnotify.Event) (wake, bool) {
	if slices.Contains(w.names, event.Name) {
		if event.Op == fsnotify.Write {
			return wakeData, true
		}
		return wakePath, true
	}
	_, dir := w.dirs[event.Name]
	return wakePath, dir
}

// collect takes the events that wait already, so that a burst costs one look.
func (w *watch) collect(why wake) wake {
	for range cap(w.events) {
		select {
		case event := <-w.events:
			if next, mine := w.judge(event); mine {
				why = max(why, next)
			}
			continue
		default:
		}
		break
	}
	if why == wakePath {
		w.refresh()
	}
	return why
}

// refresh brings the watched directories in line with where the paths lead
// now. What appears in a directory before its watch stands raises no event, so
// the paths are walked again until nothing has changed.
func (w *watch) refresh() {
	for range maxHops {
		before := slices.Clone(w.names)
		w.names = w.names[:0]
		for _, path := range w.paths {
			w.names = append(w.names, hops(path)...)
		}
		if w.notify == nil || slices.Equal(before, w.names) && w.settled() {
			return
		}
		w.rewatch()
	}
}

// settled reports whether every directory that can be watched is watched.
func (w *watch) settled() bool {
	watched := w.notify.WatchList()
	for _, name := range w.names {
		dir := filepath.Dir(name)
		info, err := os.Stat(dir)
		if err == nil && (w.dirs[dir] != idOf(info) || !slices.Contains(watched, dir)) {
			return false
		}
	}
	return true
}

// rewatch watches the directories of names and no others. A directory that was
// replaced under its name is watched anew.
func (w *watch) rewatch() {
	wanted := map[string]fileID{}
	for _, name := range w.names {
		dir := filepath.Dir(name)
		if info, err := os.Stat(dir); err == nil {
			wanted[dir] = idOf(info)
		}
	}
	for dir, id := range w.dirs {
		if wanted[dir] != id {
			_ = w.notify.Remove(dir) // gone already where the directory is
			delete(w.dirs, dir)
		}
	}
	watched := w.notify.WatchList()
	for dir, id := range wanted {
		if slices.Contains(watched, dir) && w.dirs[dir] == id {
			continue
		}
		if err := w.notify.Add(dir); err != nil {
			w.log.Debug("cannot watch directory, looking every few seconds instead", "dir", dir, "err", err)
			continue
		}
		w.dirs[dir] = id
	}
}

// maxHops is how many symbolic links are followed, as in the kernel
// (linux include/linux/namei.h, MAXSYMLINKS).
const maxHops = 40

// hops returns the names whose change can change what path leads to: every
// symbolic link on the way, and the end of the way. Where a part is missing,
// that part is the end, since its appearance is what matters.
func hops(path string) []string {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	var names []string
	done, rest := "/", strings.Split(strings.Trim(path, "/"), "/")
	for links := 0; len(rest) > 0; {
		name := filepath.Join(done, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(name)
		if err != nil {
			return append(names, name)
		}
		if info.Mode()&os.ModeSymlink == 0 || links == maxHops {
			done = name
			continue
		}
		links++
		names = append(names, name)
		target, err := os.Readlink(name)
		if err != nil {
			return names
		}
		if filepath.IsAbs(target) {
			done = "/"
		}
		rest = append(strings.Split(strings.Trim(target, "/"), "/"), rest...)
	}
	return append(names, done)
}
