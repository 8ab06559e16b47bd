package ingest

import "bytes"

// pieces tells the pieces of a line that a container's engine has cut. What is
// longer than 16 KiB is written as several records (moby daemon/logger/copier.go,
// containerd's and conmon's CRI logs), and where the cuts fall is up to whoever
// has a say in the line. So the address that a browser asks a web server for
// could begin a record and pass for a line of the mail server. No mail server
// writes a line that long: none of the pieces is one.
//
// The two streams of a container are cut each by itself, and a file may be
// rotated between two pieces.
type pieces struct {
	open [2]bool // stdout and stderr: whether the last record goes on in the next
}

// torn tells whether line is a piece of a longer one. It must be given all
// lines in their order.
func (p *pieces) torn(line []byte) bool {
	if len(line) == 0 || line[0] != '{' && (line[0]-'0' > 9 || rsyslogLine(line)) {
		return false
	}
	stream, more, ok := piece(line)
	if !ok {
		return false
	}
	torn := more || p.open[stream]
	p.open[stream] = more
	return torn
}

// rsyslogLine tells at a glance most lines that begin with a digit and are no
// container's record: those with the stamp of RSYSLOG_FileFormat and no stream
// behind it.
func rsyslogLine(line []byte) bool {
	return len(line) > 36 && line[32] == ' ' && (line[26] == '+' || line[26] == '-') && string(line[33:36]) != "std"
}

// follow brings p up to date with a text of whole lines. In a text that does
// not end with a container's record nothing is open.
func (p *pieces) follow(text []byte) {
	text = bytes.TrimSuffix(text, []byte("\n"))
	if _, _, ok := piece(text[bytes.LastIndexByte(text, '\n')+1:]); !ok {
		*p = pieces{}
		return
	}
	for line := range bytes.Lines(text) {
		p.torn(bytes.TrimSuffix(line, []byte("\n")))
	}
}

// piece tells of a container's record its stream, and whether the line goes on
// in the stream's next record.
func piece(line []byte) (stream int, more, ok bool) {
	if len(line) > 0 && line[0] == '{' {
		return dockerPiece(line)
	}
	return criPiece(line)
}

// dockerPiece is piece for `{"log":"text\n","stream":"stdout",…}`. A piece lacks
// the line's end, and a quote in the text has a backslash before it.
func dockerPiece(line []byte) (stream int, more, ok bool) {
	const open, next = `{"log":"`, `","stream":"std`
	end := bytes.LastIndex(line, []byte(next))
	if end < len(open) || !bytes.HasPrefix(line, []byte(open)) {
		return 0, false, false
	}
	stream, ok = streamOf(line[end+len(next):])
	text, ended := bytes.CutSuffix(line[len(open):end], []byte("n"))
	// "\\n" is no line's end but a backslash and a letter.
	slashes := len(text) - len(bytes.TrimRight(text, `\`))
	return stream, !ended || slashes%2 == 0, ok
}

// criPiece is piece for "stamp stdout F text", where P stands for a piece that
// is not the last.
func criPiece(line []byte) (stream int, more, ok bool) {
	const shortest, longest = len("2006-01-02T15:04:05Z"), len("2006-01-02T15:04:05.999999999+00:00 ")
	if len(line) < shortest || line[10] != 'T' {
		return 0, false, false
	}
	at := bytes.IndexByte(line[:min(len(line), longest)], ' ')
	if at < shortest {
		return 0, false, false
	}
	rest, ok := bytes.CutPrefix(line[at:], []byte(" std"))
	if !ok || len(rest) < len("out F") || rest[3] != ' ' {
		return 0, false, false
	}
	stream, ok = streamOf(rest)
	return stream, rest[4] == 'P', ok
}

// streamOf reads what follows "std".
func streamOf(b []byte) (stream int, ok bool) {
	switch {
	case bytes.HasPrefix(b, []byte("out")):
		return 0, true
	case bytes.HasPrefix(b, []byte("err")):
		return 1, true
	}
	return 0, false
}
