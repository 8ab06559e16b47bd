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
			if !found && isLog(path) && !slices.Contains(d.Found, path) {
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

// Expand expands the patterns of configured logs. What a pattern matches is
// in found, sorted and each once; rotated predecessors are left out, since
// their logs know of them. A pattern that matches nothing is in missing, to be
// watched for; a plain path is found whether it exists or not, because File
// waits for it. A malformed pattern is an error.
func Expand(patterns []string) (found, missing []string, err error) {
	for _, pattern := range patterns {
		if !strings.ContainsAny(pattern, `*?[\`) {
			found = append(found, filepath.Clean(pattern))
			continue
		}
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return nil, nil, fmt.Errorf("expand %q: %w", pattern, err)
		}
		matches = slices.DeleteFunc(matches, func(path string) bool { return !isLog(path) || hasOrigin(path, matches) })
		if len(matches) == 0 {
			missing = append(missing, pattern)
		}
		found = append(found, matches...)
	}
	slices.Sort(found)
	return slices.Compact(found), missing, nil
}

// hasOrigin reports whether path is a rotated form of another of the paths.
func hasOrigin(path string, paths []string) bool {
	stem, plain := unpackedName(filepath.Base(path))
	return !plain || slices.ContainsFunc(paths, func(other string) bool {
		return filepath.Dir(other) == filepath.Dir(path) && isRotation(stem, filepath.Base(other))
	})
}

// awaitPoll is how often Await looks where not every change raises an event.
const awaitPoll = 5 * time.Second

// Await waits until one of the paths or patterns names a regular file, and
// returns all that do. It returns ctx's error when ctx ends first.
func Await(ctx context.Context, log *slog.Logger, patterns ...string) ([]string, error) {
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
		if found = slices.DeleteFunc(found, func(path string) bool { return !isLog(path) }); len(found) > 0 {
			return found, nil
		}
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
