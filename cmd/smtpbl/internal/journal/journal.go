// Package journal gives what is written to the journal its priority, so that
// "journalctl -p warning" finds it. Without, systemd takes every line of standard
// error for one of priority info (systemd.exec(5), SyslogLevel=).
package journal

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"syscall"
)

// StreamEnv is where systemd says which socket leads to the journal
// (systemd.exec(5)).
const StreamEnv = "JOURNAL_STREAM"

// Reaches tells whether what is written to w comes to the journal, by the device
// and inode that stream names: the variable is inherited also where standard error
// leads elsewhere.
func Reaches(w io.Writer, stream string) bool {
	f, ok := w.(*os.File)
	if !ok || stream == "" {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && stream == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

// Mark puts the priority of a level in front of each line of text (sd-daemon(3)).
func Mark(level slog.Level, text string) string {
	mark := "<7>"
	switch {
	case level >= slog.LevelError:
		mark = "<3>"
	case level >= slog.LevelWarn:
		mark = "<4>"
	case level >= slog.LevelInfo:
		mark = "<6>"
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(mark + line)
	}
	return b.String()
}
