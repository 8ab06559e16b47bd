// Package mask hides login names in what is printed, so that it can be shown to
// others. Who knows the user will know him by what is left.
package mask

import (
	"strings"
	"unicode/utf8"
)

// dots stands for what is left out.
const dots = "…"

// User leaves of a login name what tells two of them apart and not much more,
// and never all of it: "al…@e…".
func User(name string) string {
	local, domain, isAddress := strings.Cut(name, "@")
	masked := beginning(local, 2) + dots
	if isAddress {
		masked += "@" + beginning(domain, 1) + dots
	}
	return masked
}

// beginning returns the first n characters of a text, but never all of it.
func beginning(text string, n int) string {
	ends := []int{0}
	for i, r := range text {
		if r == utf8.RuneError {
			break
		}
		ends = append(ends, i+utf8.RuneLen(r))
	}
	if ends[len(ends)-1] == len(text) && len(ends) > 1 {
		ends = ends[:len(ends)-1]
	}
	return text[:ends[min(n, len(ends)-1)]]
}
