package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/smtpbl/smtpbl/policy"
)

// labelled is a line and what its project holds it to be.
type labelled struct {
	Line    string
	Service string
	Event   string
	IP      *netip.Addr
	Source  string
	Note    string
}

// none is the label of a line that tells nothing.
const none = "none"

// read reads a file of labelled lines.
func read(name string) ([]labelled, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open labelled lines: %w", err)
	}
	defer func() { _ = f.Close() }()
	var lines []labelled
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var l labelled
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("read %s, line %d: %w", name, len(lines)+1, err)
		}
		lines = append(lines, l)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return lines, nil
}

// bare tells a message without a syslog header.
func (l *labelled) bare() bool {
	return strings.Contains(l.Note, "no syslog prefix") || strings.Contains(l.Note, "prefix-less")
}

// hostless tells a line that lacks stamp and host, but names its program.
func (l *labelled) hostless() bool { return strings.Contains(l.Note, "no timestamp/host prefix") }

// served are the servers whose lines smtpbl reads. vpopmail is qmail's.
var served = func() map[string]bool {
	names := map[string]bool{"vpopmail": true}
	for _, s := range policy.Services {
		names[s.String()] = true
	}
	return names
}()

// program is the one that wrote a bare message, as far as the note tells.
func (l *labelled) program() string {
	_, rest, ok := strings.Cut(l.Note, "program=")
	if !ok {
		return l.Service
	}
	return rest[:strings.IndexAny(rest+" ", " ;,")]
}

// addr is the client of the label, not valid where it does not tell.
func (l *labelled) addr() netip.Addr {
	if l.IP == nil {
		return netip.Addr{}
	}
	return l.IP.Unmap()
}

// hash stands for a line in the list of disputed labels.
func (l *labelled) hash() string {
	sum := sha256.Sum256([]byte(l.Line))
	return hex.EncodeToString(sum[:8])
}
