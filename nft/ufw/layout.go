package ufw

import (
	"bytes"
	"strings"
)

// maxFileBytes is far more than any rules file has.
const maxFileBytes = 4 << 20

// layout is what matters of a rules file: where our block is and where it may
// be. All places are offsets in bytes; -1 stands for none.
type layout struct {
	begin, end  int // of the block with its marks
	loopback    int // end of the line that accepts loopback
	established int // start of the line that accepts established connections
	insert      int // where a new block goes
}

func (l *layout) hasBlock() bool { return l.begin >= 0 }

// inPlace tells whether the block stands where it must.
func (l *layout) inPlace() bool {
	return l.hasBlock() && l.loopback >= 0 && l.loopback <= l.begin && l.end <= l.established
}

// scanner reads a rules file line by line.
type scanner struct {
	family
	layout
	filter  bool // inside of the table filter
	inside  bool // of the block
	comment int  // where the comment lines right before this line begin
}

// scan finds the places in a file. Its errors are *SyntaxError.
func (f family) scan(text []byte) (*layout, error) {
	s := &scanner{family: f, layout: layout{begin: -1, end: -1, loopback: -1, established: -1, insert: -1}, comment: -1}
	if err := f.readable(text); err != nil {
		return nil, err
	}
	at, number := 0, 0
	for line := range strings.Lines(string(text)) {
		number++
		if fault := s.line(line, at); fault != "" {
			return nil, &SyntaxError{File: f.file, Line: number, Fault: fault}
		}
		at += len(line)
	}
	if s.inside {
		return nil, &SyntaxError{File: f.file, Fault: "the block of the harness has no line \"" + endMark + "\": put it back, or delete the lines from \"" + beginMark + "\" on that belong to the harness"}
	}
	return &s.layout, nil
}

// readable refuses what is no rules file.
func (f family) readable(text []byte) error {
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return &SyntaxError{File: f.file, Fault: "the file is empty: copy ufw's own from /usr/share/ufw/iptables/" + f.file}
	case len(text) > maxFileBytes:
		return &SyntaxError{File: f.file, Fault: "the file is larger than 4 MiB: this is no rules file"}
	case bytes.IndexByte(text, 0) >= 0:
		return &SyntaxError{File: f.file, Fault: "the file has a NUL byte: this is no rules file"}
	}
	return nil
}

// line takes one line, which begins at offset at, and returns a fault or "".
func (s *scanner) line(line string, at int) string {
	if strings.HasSuffix(line, "\r\n") {
		return "the line ends with CR LF, which iptables-restore refuses: dos2unix makes it right"
	}
	if handled, fault := s.mark(line, at); handled {
		return fault
	}
	if s.inside {
		return ""
	}
	switch comment := s.comment; {
	case strings.HasPrefix(line, "#"):
		if comment < 0 {
			s.comment = at
		}
	default:
		s.comment = -1
		return s.statement(line, at, comment)
	}
	return ""
}

// mark takes the lines around the block.
func (s *scanner) mark(line string, at int) (handled bool, fault string) {
	switch {
	case strings.HasPrefix(line, beginMark):
		if s.hasBlock() {
			return true, "a second block of the harness begins: delete one of the two"
		}
		if !s.filter {
			return true, "the block of the harness is outside of the table filter: delete it"
		}
		s.begin, s.inside, s.comment = at, true, -1
		return true, ""
	case strings.HasPrefix(line, endMark):
		if !s.inside {
			return true, "a block of the harness ends that has no line \"" + beginMark + "\": delete what is left of it"
		}
		s.end, s.inside = at+len(line), false
		return true, ""
	}
	return false, ""
}

// statement takes a line that is neither a comment nor ours. The comment lines
// right above it begin at comment.
func (s *scanner) statement(line string, at, comment int) string {
	text := strings.TrimSpace(line)
	switch {
	case text == "":
		return ""
	case strings.HasPrefix(line, "*"):
		s.filter = text == "*filter"
		return ""
	case text == "COMMIT":
		s.filter = false
		return ""
	case strings.HasPrefix(line, ":"):
		if name, _, _ := strings.Cut(text[1:], " "); name == s.chain {
			return s.foreign()
		}
		return ""
	}
	r, err := parseRule(line)
	if err != nil {
		return err.Error()
	}
	if r.chain() == s.chain || r.target() == s.chain {
		return s.foreign()
	}
	s.rule(r, at, at+len(line), comment)
	return ""
}

func (s *scanner) foreign() string {
	return "the chain " + s.chain + " is used outside of the harness's block, as older scripts did: take those lines out"
}

// rule takes a rule of the input chain.
func (s *scanner) rule(r rule, start, end, comment int) {
	if !s.filter || r.chain() != s.input || s.established >= 0 {
		return
	}
	switch {
	case r.acceptsLoopback():
		s.loopback = end
	case r.acceptsEstablished():
		s.established, s.insert = start, start
		if comment >= 0 {
			s.insert = comment
		}
	}
}
