package ingest

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// hub is the one inotify instance of the process, from which all watches are
// woken. One instance each would end at fs.inotify.max_user_instances, which
// is 128 by default for all programs of a user together.
//
// It speaks to the kernel itself because fsnotify cannot do two things that
// are needed here (fsnotify 1.10, backend_inotify.go). It watches directories
// with IN_MODIFY, and the option to choose the events is not exported: each
// line that any program writes to any file of /var/log would wake us. And it
// lets go of a watched file once that is renamed, while a rotated log must be
// heard until its writer has let go of it.
type hub struct {
	mu sync.Mutex
	// file is the inotify instance; nil while there is no watch, or where
	// failed is set.
	file    *os.File
	watches map[*watch]struct{}
	// failed is why there is no instance although there are watches: the
	// kernel gave none, or it could be read no more. It stays until the last
	// watch has left; until then all watches look from time to time.
	failed error
	// said are the warnings that were logged, so that what concerns ten
	// thousand logs is said once.
	said map[string]bool
	// objects are the watched directories and files by watch descriptor.
	objects map[int32]object
	// ended is closed when the reader has returned.
	ended chan struct{}
}

// object is a watched directory or file: who is to be woken, by the name in
// the directory that changes.
type object map[string][]*watch

const (
	// theObject stands for the object itself instead of a name in it.
	theObject = ""
	// anyName stands for every name in a directory; none has a slash.
	anyName = "/"
)

const (
	// dirMask is what can make a name lead elsewhere. Writes are not in it: a
	// directory of logs reports those of all its files, and most are not ours.
	dirMask = unix.IN_MASK_ADD | unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_ATTRIB |
		unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR
	// wayMask is what can happen to a directory further up: that it is moved
	// or deleted. What else happens in it does not matter.
	wayMask = unix.IN_MASK_ADD | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR
	// fileMask is what can bring a new line; a truncation counts as a write.
	fileMask = unix.IN_MODIFY
)

// theHub serves every watch: the limit on instances is one of the process's
// user, so that nothing is won by having several.
var theHub = newHub()

// newHub returns a hub without watches.
func newHub() *hub {
	return &hub{watches: map[*watch]struct{}{}, objects: map[int32]object{}, said: map[string]bool{}}
}

// join takes a watch in and opens the instance for the first.
func (h *hub) join(w *watch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watches[w] = struct{}{}
	if h.file != nil || h.failed != nil {
		return
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		h.failed = os.NewSyscallError("inotify_init1", err)
		return
	}
	h.file, h.ended = os.NewFile(uintptr(fd), "inotify"), make(chan struct{})
	go h.read(h.file, h.ended)
}

// leave lets a watch go; the last one closes the instance.
func (h *hub) leave(w *watch) {
	h.mu.Lock()
	delete(h.watches, w)
	if len(h.watches) > 0 {
		h.mu.Unlock()
		return
	}
	file, ended := h.file, h.ended
	h.file, h.ended, h.failed, h.objects, h.said = nil, nil, nil, map[int32]object{}, map[string]bool{}
	h.mu.Unlock()
	if file != nil {
		_ = file.Close() // read only: nothing can be lost
	}
	if ended != nil {
		<-ended
	}
}

// news reports whether reason is to be logged, which it is once for all
// watches that share it.
func (h *hub) news(reason string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	said := h.said[reason]
	h.said[reason] = true
	return !said
}

// spot is what a watch is woken by: a change of a name in a watched object.
type spot struct {
	object int32
	name   string
}

// add has w woken for changes of name in the object at path. To add what is
// there already changes nothing and returns the same spot.
func (h *hub) add(w *watch, path, name string, mask uint32) (spot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		return spot{}, h.failed
	}
	// The kernel knows an object that is watched already by its inode, and
	// answers with its descriptor (linux fs/notify/inotify/inotify_user.c,
	// inotify_update_watch).
	fd, err := unix.InotifyAddWatch(descriptor(h.file), path, mask)
	if err != nil {
		return spot{}, os.NewSyscallError("inotify_add_watch", err)
	}
	s := spot{int32(fd), name} //nolint:gosec // the kernel's own is an int
	o := h.objects[s.object]
	if o == nil {
		o = object{}
		h.objects[s.object] = o
	}
	if !slices.Contains(o[name], w) {
		o[name] = append(o[name], w)
	}
	return s, nil
}

// drop takes back an add. An object that wakes nobody any more is let go.
func (h *hub) drop(w *watch, s spot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.objects[s.object]
	if o == nil {
		return // the kernel was faster: the object is gone
	}
	rest := slices.DeleteFunc(o[s.name], func(other *watch) bool { return other == w })
	if o[s.name] = rest; len(rest) == 0 {
		delete(o, s.name)
	}
	if len(o) == 0 {
		delete(h.objects, s.object)
		_, _ = unix.InotifyRmWatch(descriptor(h.file), uint32(s.object)) //nolint:gosec // as the kernel gave it; it may be gone
	}
}

// read hands events on until the instance is closed.
func (h *hub) read(file *os.File, ended chan struct{}) {
	defer close(ended)
	buf := make([]byte, 64<<10)
	for {
		n, err := file.Read(buf)
		if err != nil {
			h.end(file, err)
			return
		}
		h.mu.Lock()
		for rest := buf[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			rest = h.event(rest)
		}
		h.mu.Unlock()
	}
}

// end gives up an instance that can be read no more. Every watch is woken and
// finds, when it wants to watch on, that it has to look by itself.
func (h *hub) end(file *os.File, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if file != h.file {
		return // closed by the last watch
	}
	_ = file.Close() // read only: nothing can be lost
	h.file, h.failed, h.objects = nil, fmt.Errorf("read inotify: %w", err), map[int32]object{}
	h.lost()
}

// lost tells every watch that events were lost.
func (h *hub) lost() {
	for w := range h.watches {
		w.faults.Add(1)
		w.wake(wakePath)
	}
}

// event hands on the first event of buf and returns the others.
func (h *hub) event(buf []byte) (rest []byte) {
	id := int32(binary.NativeEndian.Uint32(buf)) //nolint:gosec // a signed number on the wire
	mask := binary.NativeEndian.Uint32(buf[4:])
	end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(buf[12:]))
	name := strings.TrimRight(string(buf[unix.SizeofInotifyEvent:end]), "\x00")
	o := h.objects[id]
	switch {
	case mask&unix.IN_Q_OVERFLOW != 0:
		// The kernel queues this event once, behind the last it had room for.
		// What it dropped was dropped before we read this, so that one look at
		// everything makes up for it (linux fs/notify/notification.c,
		// fsnotify_insert_event).
		h.lost()
	case o == nil:
		// An event of what was let go meanwhile.
	case mask&unix.IN_MODIFY != 0:
		wakeEach(o[theObject], wakeData)
	case name == "":
		if mask&unix.IN_IGNORED != 0 {
			delete(h.objects, id)
		}
		o.wakeAll()
	default:
		wakeEach(o[name], wakePath)
		wakeEach(o[anyName], wakePath)
	}
	return buf[end:]
}

// wakeAll wakes everybody the object concerns.
func (o object) wakeAll() {
	for _, watches := range o {
		wakeEach(watches, wakePath)
	}
}

func wakeEach(watches []*watch, why wake) {
	for _, w := range watches {
		w.wake(why)
	}
}
