package ufw

import (
	"errors"
	"fmt"
	"strings"
)

// Reasons for which nothing is changed.
var (
	ErrNotInstalled = errors.New("ufw is not installed")
	ErrNoIPv6       = errors.New("ufw does not filter IPv6")
	ErrBusy         = errors.New("ufw is running")
	ErrEdited       = errors.New("a file was changed by another program at the same time")
	ErrNoIPTables   = errors.New("the program of iptables is missing")
)

// SyntaxError is a rules file that cannot be edited safely. Its text says what
// to do.
type SyntaxError struct {
	File  string // before.rules or before6.rules
	Line  int    // 0: no single line
	Fault string
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Fault
	}
	return fmt.Sprintf("%s, line %d: %s", e.File, e.Line, e.Fault)
}

// ConflictError is a mark that others use.
type ConflictError struct {
	Mark      Mark
	Conflicts []Conflict
	// Free is a mark that nobody uses; its mask is 0 where there is none.
	Free Mark
}

func (e *ConflictError) Error() string {
	texts := make([]string, 0, len(e.Conflicts))
	for _, c := range e.Conflicts {
		texts = append(texts, c.String())
	}
	return fmt.Sprintf("the mark %s is not ours alone: %s", e.Mark, strings.Join(texts, "; "))
}
