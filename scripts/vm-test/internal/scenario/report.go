package scenario

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Report takes the results of a scenario's checks and prints each at once.
type Report struct {
	row    string
	w      io.Writer
	last   time.Time
	passed int
	failed []string
}

// NewReport returns a report of a row such as "bookworm:6.1" that prints to w.
func NewReport(row string, w io.Writer) *Report {
	return &Report{row: row, w: w, last: time.Now()}
}

// Check tells whether something was as it must be. The time shown is that since
// the check before; detail explains a failure and is shown with it only.
func (r *Report) Check(name string, ok bool, detail string) {
	word := "ok"
	if ok {
		r.passed++
	} else {
		word = "NOT OK"
		r.failed = append(r.failed, name)
	}
	text := fmt.Sprintf("%s [%s] %s (%.1f s)\n", word, r.row, name, time.Since(r.last).Seconds())
	r.last = time.Now()
	if detail = strings.TrimSpace(detail); !ok && detail != "" {
		text += "    " + strings.ReplaceAll(detail, "\n", "\n    ") + "\n"
	}
	fmt.Fprint(r.w, text) // at once, beside what other rows print
}

// CheckErr is Check for what fails with an error; it returns whether err is nil.
func (r *Report) CheckErr(name string, err error) bool {
	if err != nil {
		r.Check(name, false, err.Error())
		return false
	}
	r.Check(name, true, "")
	return true
}

// Note prints what is worth telling and no result.
func (r *Report) Note(format string, args ...any) {
	fmt.Fprintf(r.w, "# [%s] %s\n", r.row, fmt.Sprintf(format, args...))
}

// Passed returns how many checks passed, Failed the names of the others.
func (r *Report) Passed() int { return r.passed }

// Failed returns the names of the checks that failed.
func (r *Report) Failed() []string { return r.failed }
