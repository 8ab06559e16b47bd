// Package mask hides most of a login name, so that what is printed can be shown
// to others. Who knows the user will know him by what is left.
package mask

import (
	"strings"
	"unicode/utf8"
)

// User keeps the first character of a login name and its domain.
func User(name string) string {
	local, domain, found := strings.Cut(name, "@")
	_, size := utf8.DecodeRuneInString(local)
	masked := local[:size] + "***"
	if found {
		masked += "@" + domain
	}
	return masked
}
