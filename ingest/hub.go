package ingest

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// hub is the one inotify instance of the process, from which all watches are
// woken. One instance each would end at fs.inotify.max_user_instances, which
// is 128 by default for all programs of a user together.
type hub struct {
	mu sync.Mutex
	// file is the inotify instance; nil while there is no watch.
	file  *os.File
	users int
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
	dirMask = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_ATTRIB |
		unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR
	// fileMask is what can bring a new line; a truncation counts as a write.
	fileMask = unix.IN_MODIFY
)

// theHub serves every watch: the limit on instances is one of the process's
// user, so that nothing is won by having several.
var theHub = hub{objects: map[int32]object{}}

// join counts a watch in and opens the instance for the first.
func (h *hub) join() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file == nil {
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
		if err != nil {
			return os.NewSyscallError("inotify_init1", err)
		}
		h.file, h.ended = os.NewFile(uintptr(fd), "inotify"), make(chan struct{})
		go h.read(h.file, h.ended)
	}
	h.users++
	return nil
}

// leave counts a watch out; the last one closes the instance.
func (h *hub) leave() {
	h.mu.Lock()
	h.users--
	if h.users > 0 {
		h.mu.Unlock()
		return
	}
	file, ended := h.file, h.ended
	h.file, h.objects = nil, map[int32]object{}
	h.mu.Unlock()
	_ = file.Close() // read only: nothing can be lost
	<-ended
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
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return // closed: a read of whole events cannot fail otherwise
		}
		h.mu.Lock()
		for rest := buf[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			rest = h.event(rest)
		}
		h.mu.Unlock()
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
		// Events were lost: everything is to be looked at.
		for _, o := range h.objects {
			o.wakeAll()
		}
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
