package rig

import (
	"fmt"
	"strings"
)

// Row is one combination to test.
type Row struct{ Suite, Kernel string }

// ParseRow reads "bookworm:6.1".
func ParseRow(s string) (Row, error) {
	suite, kernel, ok := strings.Cut(s, ":")
	if !ok || suite == "" || kernel == "" {
		return Row{}, fmt.Errorf("a row is a Debian and a kernel, such as bookworm:6.1; got %q", s)
	}
	return Row{suite, kernel}, nil
}

func (r Row) String() string { return r.Suite + ":" + r.Kernel }
