package config

import (
	"fmt"
	"strings"

	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

// detectorTable is the one list of tables. It stands for Ingest.Detectors.
const detectorTable = "ingest.detector"

// detectorKeys lists the keys of one detector, in the order they are shown.
var detectorKeys = []keyOf[Detector]{
	field("name", func(d *Detector) *string { return &d.Name }, texts(parseDetectorName, plain)),
	field("program", func(d *Detector) *string { return &d.Program }, texts(parseProgram, plain)),
	field("pattern", func(d *Detector) *string { return &d.Pattern }, texts(parseExpression, plain)),
	field("kind", func(d *Detector) *DetectorKind { return &d.Kind }, texts(oneOf(DetectFail, DetectOK, DetectAbuse), plain)),
}

// detectorHeader begins a detector.
func (r *reader) detectorHeader(h header) {
	if h.row == 0 {
		r.fault(problem{at: h.at, key: detectorTable, message: "detectors are a list of tables", hint: "write [[" + detectorTable + "]]"})
		return
	}
	r.detector = append(r.detector, h)
	r.cfg.Ingest.Detectors = append(r.cfg.Ingest.Detectors, Detector{Kind: DetectFail})
}

// detectorEntry reads one key of a detector.
func (r *reader) detectorEntry(e entry) {
	if e.row == 0 {
		if !r.reported(detectorTable) {
			r.detectorHeader(header{path: e.path, at: e.keyAt})
		}
		return
	}
	name := e.path[len(e.path)-1]
	path := detectorKey(e.row, name)
	_, again := r.set[path]
	switch k := detectorKeyNamed(name); {
	case k == nil:
		r.fault(problem{at: e.keyAt, key: path, message: fmt.Sprintf("unknown key %q", name), hint: didYouMean(name, detectorKeyNames())})
	case again:
		r.fault(problem{at: e.keyAt, key: path, message: fmt.Sprintf("%q is set twice", name), hint: "begin each detector with [[" + detectorTable + "]]"})
	default:
		r.set[path] = e.value
		for _, p := range k.read(&r.cfg.Ingest.Detectors[e.row-1], e.value) {
			p.key = path
			r.fault(p)
			r.refuse(path)
		}
	}
}

// checkDetectors looks at what a single key cannot tell.
func (r *reader) checkDetectors() {
	names := map[string]bool{}
	for i, h := range r.detector {
		d := &r.cfg.Ingest.Detectors[i]
		for _, need := range []string{"name", "program", "pattern"} {
			if _, set := r.set[detectorKey(i+1, need)]; !set {
				r.fault(problem{at: h.at, key: detectorKey(i+1, need), message: "this detector has no " + need, hint: "write " + need + " = … below it"})
			}
		}
		key := detectorKey(i+1, "name")
		if d.Name != "" && names[d.Name] {
			r.fault(problem{at: r.set[key].at, key: key, message: fmt.Sprintf("there are two detectors %q", d.Name), hint: "give each a name of its own"})
		}
		names[d.Name] = true
		r.checkPattern(i+1, d)
	}
}

// checkPattern compiles a detector whose keys are all there and right.
func (r *reader) checkPattern(row int, d *Detector) {
	for _, k := range detectorKeys {
		if r.faulty[detectorKey(row, k.path)] {
			return
		}
	}
	if d.Name == "" || d.Program == "" || d.Pattern == "" {
		return // has been reported, or will be
	}
	if _, err := d.Compile(); err != nil {
		key := detectorKey(row, "pattern")
		r.fault(problem{at: r.set[key].at, key: key, message: err.Error(), hint: "smtpbl scan --events FILE shows what a detector finds"})
	}
}

// Compile returns the detector that reads lines.
func (d *Detector) Compile() (*parse.Detector, error) {
	kinds := map[DetectorKind]policy.Kind{DetectFail: policy.AuthFail, DetectOK: policy.AuthOK, DetectAbuse: policy.Abuse}
	return parse.NewDetector(parse.DetectorConfig{Name: d.Name, Program: d.Program, Pattern: d.Pattern, Kind: kinds[d.Kind]})
}

// detectorKey names a key of the detector at row, counted from 1.
func detectorKey(row int, name string) string {
	return fmt.Sprintf("%s[%d].%s", detectorTable, row, name)
}

func detectorKeyNamed(name string) *keyOf[Detector] {
	for i := range detectorKeys {
		if detectorKeys[i].path == name {
			return &detectorKeys[i]
		}
	}
	return nil
}

func detectorKeyNames() []string {
	names := make([]string, len(detectorKeys))
	for i, k := range detectorKeys {
		names[i] = k.path
	}
	return names
}

// maxDetectorName keeps names short enough for a table.
const maxDetectorName = 40

func parseDetectorName(s string) (string, *problem) {
	ok := s != "" && len(s) <= maxDetectorName
	for _, c := range []byte(s) {
		ok = ok && (isLetter(c) || isDigit(c) || strings.IndexByte("-_.", c) >= 0)
	}
	if !ok {
		return "", &problem{message: fmt.Sprintf("%q is not a name for a detector", s), hint: fmt.Sprintf("use 1 to %d letters, digits and - _ .", maxDetectorName)}
	}
	return s, nil
}

// parseProgram takes the name in front of "[pid]: ".
func parseProgram(s string) (string, *problem) {
	s, p := parseName(s)
	if p == nil && strings.ContainsAny(s, ":[]") {
		p = &problem{message: fmt.Sprintf("%q is not the name of a program", s), hint: `write what stands before "[pid]:", for example "roundcube"`}
	}
	return s, p
}

// parseExpression leaves everything but nothing to Compile.
func parseExpression(s string) (string, *problem) {
	if s == "" {
		return "", &problem{message: "the pattern is empty", hint: `write for example '^login failed from (?P<addr>[0-9a-f.:]+)$'`}
	}
	return s, nil
}
