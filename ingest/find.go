package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// places are where mail logs stand, the best of each group first: of one
// group only the first that exists is taken, because the others hold a part
// of the same lines (Debian's mail.warn, mail.err) and would count them twice.
var places = [][]string{
	{"/var/log/mail.log", "/var/log/maillog", "/var/log/mail/mail.log", "/var/log/mail/maillog", "/var/log/mail", "/var/log/mail.info", "/var/log/mail.warn"},
	{"/var/log/exim4/mainlog", "/var/log/exim/mainlog", "/var/log/exim/main.log"},
}

// mainCF is Postfix's configuration, where maillog_file may name a log that
// Postfix writes itself (postconf(5), Postfix 3.4 and later).
const mainCF = "/etc/postfix/main.cf"

// Discovery is what Find came to know.
type Discovery struct {
	// Found are the logs to follow; none is part of another.
	Found []string
	// Looked are all places that were looked at, Found among them.
	Looked []string
}

// Find looks for mail logs where distributions and Postfix put them, below
// root ("/" in service). The paths it returns begin with root.
func Find(root string) Discovery {
	var d Discovery
	for _, group := range groups(root) {
		found := false
		for _, place := range group {
			path := filepath.Join(root, place)
			d.Looked = append(d.Looked, path)
			if !found && (isLog(path) || isHidden(path)) && !slices.Contains(d.Found, path) {
				d.Found = append(d.Found, path)
				found = true
			}
		}
	}
	return d
}

// groups is places with the log that Postfix writes itself as a group of its
// own, unless it is one of the places anyway.
func groups(root string) [][]string {
	own := maillogFile(filepath.Join(root, mainCF))
	if own == "" || slices.Contains(slices.Concat(places...), own) {
		return places
	}
	return append(slices.Clone(places), []string{own})
}

// isLog reports whether path names a file that can be followed.
func isLog(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// maillogFile reads the value of maillog_file from a main.cf; empty where it
// is not set, is not a file (/dev/stdout in containers), or is composed of
// other parameters.
func maillogFile(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }() // read only: nothing can be lost
	value := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		// A line that begins with a blank goes on with the last one
		// (postconf(5)), so that only unindented lines name a parameter.
		name, rest, found := strings.Cut(lines.Text(), "=")
		if found && strings.TrimRight(name, " \t") == "maillog_file" {
			value = strings.TrimSpace(rest)
		}
	}
	if !filepath.IsAbs(value) || strings.HasPrefix(value, "/dev/") || strings.ContainsRune(value, '$') {
		return ""
	}
	return filepath.Clean(value)
}

// Expand expands the patterns of configured logs. What they match is in found,
// sorted and each once; rotated predecessors are left out, since their logs
// know of them. A plain path is found whether it exists or not, because File
// waits for it. The rest, in which more logs may appear, is in open, to be
// given to Await. A malformed pattern is an error.
func Expand(patterns []string) (found, open []string, err error) {
	for _, pattern := range patterns {
		if !isPattern(pattern) {
			found = append(found, filepath.Clean(pattern))
			continue
		}
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return nil, nil, fmt.Errorf("expand %q: %w", pattern, err)
		}
		open = append(open, pattern)
		found = append(found, newLogs(matches, nil)...)
	}
	slices.Sort(found)
	return slices.Compact(found), open, nil
}

// isPattern reports whether path has to be expanded.
func isPattern(path string) bool { return strings.ContainsAny(path, `*?[\`) }

// newLogs returns those of the paths that are logs, neither known nor rotated
// forms of known or other paths.
func newLogs(paths, known []string) (logs []string) {
	all := make(map[string]bool, len(paths)+len(known))
	for _, path := range paths {
		all[path] = true
	}
	isKnown := make(map[string]bool, len(known))
	for _, path := range known {
		all[path], isKnown[path] = true, true
	}
	for _, path := range paths {
		if !isKnown[path] && !hasOrigin(path, all) && isLog(path) {
			logs = append(logs, path)
		}
	}
	return logs
}

// hasOrigin reports whether path is a rotated form of one of the paths.
func hasOrigin(path string, paths map[string]bool) bool {
	dir, name := filepath.Split(path)
	stem, plain := unpackedName(name)
	return !plain || slices.ContainsFunc(origins(stem), func(origin string) bool { return paths[dir+origin] })
}

// awaitPoll is how often Await looks where not every change raises an event.
const awaitPoll = 5 * time.Second

// Await waits until one of the paths or patterns names a log that is not among
// the known ones and no rotated form of them, and returns all that do. It
// returns ctx's error when ctx ends first.
func Await(ctx context.Context, log *slog.Logger, known []string, patterns ...string) ([]string, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if len(patterns) == 0 {
		return nil, errors.New("wait for a log: no path given")
	}
	w := newWatch(theHub, log, patterns...)
	defer w.close()
	for {
		found, _, err := Expand(patterns)
		if err != nil {
			return nil, err
		}
		if found = newLogs(found, known); len(found) > 0 {
			return found, nil
		}
		w.mend()
		limit := time.Duration(0)
		if w.blind != "" {
			limit = awaitPoll
		}
		w.wait(ctx, limit)
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("wait for a log: %w", err)
		}
	}
}
