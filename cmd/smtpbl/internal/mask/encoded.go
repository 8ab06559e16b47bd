package mask

import (
	"encoding/base64"
	"strings"
)

// hideEncoded hides what a client sent in base64, if it tells a name: the
// password stands beside it. Courier logs AUTH PLAIN with its initial response
// (RFC 4616: an identity, the name and the password, with NULs between them).
func (m *Names) hideEncoded(text string) string {
	var b strings.Builder
	start := 0 // of what may be base64
	for i := 0; i <= len(text); i++ {
		if i < len(text) && base64Byte(text[i]) {
			continue
		}
		word := text[start:i]
		if m.encoded(word) {
			word = dots
		}
		b.WriteString(word)
		if i < len(text) {
			b.WriteByte(text[i])
		}
		start = i + 1
	}
	return b.String()
}

// encoded tells whether word has a name in base64, without the padding. Its end
// may be missing.
func (m *Names) encoded(word string) bool {
	raw, _ := base64.RawStdEncoding.DecodeString(word) // what can be of it
	text := "\x00" + string(raw) + "\x00"
	for i := range m.names {
		n := &m.names[i]
		after := "\x00"
		if n.cut {
			after = ""
		}
		if n.user != "" && strings.Contains(text, "\x00"+n.user+after) {
			return true
		}
	}
	return false
}

func base64Byte(c byte) bool {
	return c < 0x80 && wordByte(c) || c == '+' || c == '/'
}
