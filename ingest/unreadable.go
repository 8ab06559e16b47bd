package ingest

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// allLogs is what it takes to read a log that is for root alone.
const allLogs = "systemctl edit smtpbl, with AmbientCapabilities=CAP_DAC_READ_SEARCH and " +
	"CapabilityBoundingSet=CAP_DAC_READ_SEARCH below [Service]; then systemctl restart smtpbl"

// readAdvice tells how this process may come to read path, which it may not
// now.
func readAdvice(path string) string {
	if os.Geteuid() == 0 {
		return "CAP_DAC_READ_SEARCH is missing, or a security module such as AppArmor refuses it"
	}
	info, err := os.Stat(path)
	if err != nil {
		return allLogs // not even its directory may be entered
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	// Whoever is in the group root may do much more than read a log.
	if !ok || info.Mode().Perm()&0o040 == 0 || st.Gid == 0 {
		return allLogs
	}
	return "usermod -aG " + groupName(st.Gid) + " " + ownName() + "; then systemctl restart smtpbl"
}

func groupName(gid uint32) string {
	id := strconv.FormatUint(uint64(gid), 10)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}

func ownName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Geteuid())
}

// Unlistable tells what keeps a pattern from being expanded: that the directory
// in which it begins may not be listed. "" is nothing.
func Unlistable(pattern string) string {
	dir := pattern
	for isPattern(dir) {
		dir = filepath.Dir(dir)
	}
	f, err := os.Open(dir)
	if err == nil {
		_ = f.Close() // only opened
		return ""
	}
	if !errors.Is(err, fs.ErrPermission) {
		return ""
	}
	return err.Error() + "; " + readAdvice(dir)
}

// isHidden tells that there may be a log at path, which this process may not
// find out.
func isHidden(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrPermission)
}

// journalAdvice is what to do about what journalctl says, if that is known.
func journalAdvice(err error) string {
	if !strings.Contains(err.Error(), "insufficient permissions") {
		return ""
	}
	return "usermod -aG systemd-journal " + ownName() + "; then systemctl restart smtpbl"
}
