package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// unit holds the settings of the systemd unit that smtpbl prints, the last
// one of each name, or all where they add up.
type unit map[string]string

// readUnit asks smtpbl for its unit, and puts a drop-in on top.
func (l *Lab) readUnit(dropIn string) (unit, error) {
	text, err := l.Smtpbl("unit", "--binary="+Binary)
	if err != nil {
		return nil, err
	}
	u := unit{}
	for line := range strings.Lines(text + "\n" + dropIn) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case !ok || strings.HasPrefix(name, "#"):
		case name == "CapabilityBoundingSet" || name == "AmbientCapabilities":
			u[name] += " " + value // these add up (systemd.exec(5))
		case name == "SystemCallFilter":
			u[name] += value + "\n"
		default:
			u[name] = value
		}
	}
	for _, name := range []string{"User", "CapabilityBoundingSet", "AmbientCapabilities", "ExecStartPre", "SystemCallFilter"} {
		if u[name] == "" {
			return nil, fmt.Errorf("the unit names no %s:\n%s", name, text)
		}
	}
	return u, nil
}

// makeUser makes the service's user the way that its unit wants it.
func (l *Lab) makeUser() error {
	text, err := l.Smtpbl("unit", "--sysusers")
	if err != nil {
		return err
	}
	cmd := exec.Command("systemd-sysusers", "-")
	cmd.Stdin = strings.NewReader(text)
	return run(cmd)
}

// identity is who the service runs as: the unit's user, with the groups of that
// user or those of start, and the capabilities of the unit or those of start.
func (u unit) identity(start *Start) (*syscall.SysProcAttr, error) {
	who, err := user.Lookup(u["User"])
	if err != nil {
		return nil, fmt.Errorf("find the service's user: %w", err)
	}
	groups, err := who.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("find the groups of the service's user: %w", err)
	}
	if start.Groups != nil {
		groups = nil
		for _, name := range start.Groups {
			g, err := user.LookupGroup(name)
			if err != nil {
				return nil, fmt.Errorf("find a group: %w", err)
			}
			groups = append(groups, g.Gid)
		}
	}
	ids, err := numbers(append([]string{who.Uid, who.Gid}, groups...))
	if err != nil {
		return nil, err
	}
	a := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}}
	for _, name := range start.capabilities(u["AmbientCapabilities"]) {
		n, err := capability(name)
		if err != nil {
			return nil, err
		}
		a.AmbientCaps = append(a.AmbientCaps, uintptr(n))
	}
	return a, nil
}

// capabilities are those of start or, where it has none of its own, the unit's.
func (s *Start) capabilities(list string) []string {
	if s.Capabilities != nil {
		return s.Capabilities
	}
	return strings.Fields(list)
}

func numbers(texts []string) ([]uint32, error) {
	out := make([]uint32, len(texts))
	for i, text := range texts {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("read a user or group: %w", err)
		}
		out[i] = uint32(n)
	}
	return out, nil
}

// prepare does what systemd does before it starts the service: it makes the
// directories, and runs what the unit wants to be run before.
func (l *Lab) prepare(u unit, who *syscall.Credential) error {
	for _, dir := range []string{StateDir, RuntimeDir} {
		if err := directory(dir, int(who.Uid), int(who.Gid)); err != nil {
			return fmt.Errorf("make the service's directories: %w", err)
		}
	}
	// "-" lets it fail, "+" is root with all its rights (systemd.service(5)).
	before, ok := strings.CutPrefix(u["ExecStartPre"], "-+")
	if !ok {
		return fmt.Errorf("it is not known how to run %q", u["ExecStartPre"])
	}
	args := strings.Fields(before)
	err := l.MX.Run(args[0], args[1:]...)
	if _, failed := errors.AsType[*exec.ExitError](err); failed {
		l.say("%v", err)
		return nil
	}
	return err
}

// directory makes one of the service's directories. One of another owner is
// given to the service with all that is in it, and one of its own stays as it
// is (systemd.exec(5), RuntimeDirectory=).
func directory(dir string, uid, gid int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil || info.Sys().(*syscall.Stat_t).Uid == uint32(uid) {
		return err
	}
	return run(exec.Command("chown", "-R", "-h", fmt.Sprintf("%d:%d", uid, gid), dir))
}
