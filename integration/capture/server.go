package main

import (
	"fmt"
	"os/exec"
	"strings"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// server is one server, how to get it and what to do with it.
type server struct {
	name       string   // the first part of its files' names
	packages   []string // the first one gives the version
	selections string   // the answers to what they ask when installed
	setUp      func(r *rig) error
	parts      []part
}

// part is one setting of a server and one file of its lines.
type part struct {
	name string // the last part of the file's name; empty for none
	what string // for the table of provenance
	log  string // the file that the lines go to
	run  func(r *rig) error
}

// servers are all that can be captured.
var servers = []*server{&exim, &opensmtpd, &courier, &cyrus, &sendmail, &dovecot, &postfix}

func find(name string) (*server, error) {
	var known []string
	for _, s := range servers {
		if s.name == name {
			return s, nil
		}
		known = append(known, s.name)
	}
	return nil, fmt.Errorf("no server %q: known are %s", name, strings.Join(known, ", "))
}

// captured is one file of genuine lines.
type captured struct {
	Server  string
	Part    string
	Package string
	Version string // of the package
	Release string // of the distribution
	What    string
	Log     []byte
}

// capture sets the server up and collects its parts.
func (s *server) capture(l *lab.Lab) ([]captured, error) {
	r, err := newRig(l)
	if err != nil {
		return nil, err
	}
	version, err := output("dpkg-query", "-W", "-f", "${Version}", s.packages[0])
	if err != nil {
		return nil, err
	}
	release, err := output("sh", "-c", `. /etc/os-release && echo "$PRETTY_NAME"`)
	if err != nil {
		return nil, err
	}
	if err := s.setUp(r); err != nil {
		return nil, fmt.Errorf("set up %s: %w", s.name, err)
	}
	var all []captured
	for _, p := range s.parts {
		offset := sizeOf(p.log)
		if err := p.run(r); err != nil {
			log, _ := complete(p.log, offset) // without it the error says enough
			return nil, fmt.Errorf("run %s %s: %w; its log:\n%s", s.name, p.name, err, log)
		}
		log, err := complete(p.log, offset)
		if err != nil {
			return nil, err
		}
		all = append(all, captured{
			Server: s.name, Part: p.name, Package: s.packages[0], Version: version, Release: release,
			What: p.what, Log: log,
		})
	}
	return all, nil
}

func output(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("run %s: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}
