package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// maxFileBytes is far more than any real configuration: a path such as
// /dev/zero must not fill the memory.
const maxFileBytes = 1 << 20

// errTooLarge says that a file cannot be a configuration.
var errTooLarge = errors.New("the file is larger than 1 MiB: this is not a configuration")

// Load reads a file. The error is Faults where the file can be read but is
// not valid, and satisfies errors.Is(err, fs.ErrNotExist) where there is none.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	if len(data) > maxFileBytes {
		return Config{}, fmt.Errorf("read the configuration %s: %w", path, errTooLarge)
	}
	return Parse(path, data)
}

// Parse reads a configuration from memory; keys that are not set have their
// defaults. The error is always Faults; name is what they call the file.
func Parse(name string, data []byte) (Config, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors put a byte order mark first
	doc := parseDocument(data)
	r := reader{cfg: Default(), set: map[string]value{}, problems: doc.problems}
	r.checkHeaders(doc)
	for _, e := range doc.entries {
		if table, _ := splitPath(strings.Join(e.path, ".")); table == detectorTable {
			r.detectorEntry(e)
			continue
		}
		r.entry(e)
	}
	r.checkDetectors()
	r.checkTogether()
	if len(r.problems) == 0 {
		r.problems = decode(data)
	}
	if len(r.problems) == 0 {
		return r.cfg, nil
	}
	slices.SortStableFunc(r.problems, func(a, b problem) int { return cmp.Compare(a.at.start, b.at.start) })
	faults := make(Faults, len(r.problems))
	for i, p := range r.problems {
		faults[i] = Fault{File: name, Key: p.key, Message: printable(p.message), Hint: printable(p.hint)}
		faults[i].place(data, p.at)
	}
	return Config{}, faults
}

// reader collects values and problems.
type reader struct {
	cfg      Config
	set      map[string]value // keys that were read, valid or not
	problems []problem
	faulty   map[string]bool // keys whose value was refused
	detector []header        // of each of cfg.Ingest.Detectors
}

func (r *reader) fault(p problem) { r.problems = append(r.problems, p) }

// checkHeaders looks at the [table] lines.
func (r *reader) checkHeaders(doc document) {
	seen := map[string]bool{}
	for _, h := range doc.headers {
		name := strings.Join(h.path, ".")
		switch {
		case name == detectorTable:
			r.detectorHeader(h)
		case keyNamed(name) != nil:
			r.fault(problem{at: h.at, key: name, message: fmt.Sprintf("%q is a key, not a table", name), hint: "write " + h.path[len(h.path)-1] + " = …"})
		case !isTable(name):
			r.fault(problem{at: h.at, key: name, message: fmt.Sprintf("unknown table %q", name), hint: didYouMean(name, tables())})
		case h.row > 0:
			r.fault(problem{at: h.at, key: name, message: fmt.Sprintf("%q is one table, not a list of tables", name), hint: "write [" + name + "]"})
		case seen[name]:
			r.fault(problem{at: h.at, key: name, message: fmt.Sprintf("the table %q appears twice", name), hint: "keep the keys of a table together"})
		}
		seen[name] = true
	}
}

// entry reads one key.
func (r *reader) entry(e entry) {
	path := strings.Join(e.path, ".")
	k := keyNamed(path)
	_, again := r.set[path]
	switch {
	case k == nil:
		r.unknown(e)
	case again:
		r.fault(problem{at: e.keyAt, key: path, message: fmt.Sprintf("%q is set twice", path), hint: "keep one of the two"})
	default:
		r.set[path] = e.value
		for _, p := range k.read(&r.cfg, e.value) {
			p.key = path
			r.fault(p)
			r.refuse(path)
		}
	}
}

func (r *reader) refuse(path string) {
	if r.faulty == nil {
		r.faulty = map[string]bool{}
	}
	r.faulty[path] = true
}

// unknown says what is wrong with a key that does not exist.
func (r *reader) unknown(e entry) {
	path := strings.Join(e.path, ".")
	table, name := splitPath(path)
	p := problem{at: e.keyAt, key: path, message: fmt.Sprintf("unknown key %q", path)}
	switch {
	case path == detectorTable:
		p.message, p.hint = fmt.Sprintf("%q is a list of tables, not a key", path), "write [["+path+"]] and its keys below it"
	case isTable(path):
		p.message, p.hint = fmt.Sprintf("%q is a table, not a key", path), "write ["+path+"] and its keys below it"
	case table != "" && !isTable(table) && r.reported(table):
		return // the header has been reported: its keys would only repeat it
	default:
		p.hint = whereIs(table, name)
	}
	r.fault(p)
}

// reported tells whether a fault for key is on the list already.
func (r *reader) reported(key string) bool {
	return slices.ContainsFunc(r.problems, func(p problem) bool { return p.key == key })
}
