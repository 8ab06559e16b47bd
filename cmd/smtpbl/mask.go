package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
)

// visible makes text that a client wrote safe for a terminal: what is not
// printed, such as control characters, marks that turn the direction of writing
// and bytes that are no text, is shown by its number.
func visible(text string) string {
	var b strings.Builder
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// dots stands for what is left out.
const dots = "…"

// maskUser leaves of a login name what tells two of them apart and not much
// more: "al…@e…".
func maskUser(user string) string {
	name, domain, isAddress := strings.Cut(user, "@")
	masked := beginning(name, 2) + dots
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

// masker hides login names in the lines that tell of them.
type masker struct {
	names []maskedName // the longest first, so that none is found inside another
}

// maskedName is a text to be hidden.
type maskedName struct {
	text, masked string
	whole        bool // only where no letter or digit stands beside it
	cut          bool // what stands behind it belongs to it
}

// shortName is below how many bytes a name is hidden as a whole word only: the
// letter a is in every line.
const shortName = 3

func newMasker(users []string) *masker {
	m := &masker{}
	for _, user := range users {
		if user == "" {
			continue
		}
		masked, cut := maskUser(user), len(user) >= evidence.MaxUser
		m.add(user, masked, cut)
		// A container's record has it as a JSON string.
		if text, err := json.Marshal(user); err == nil {
			m.add(strings.Trim(string(text), `"`), masked, cut)
		}
		// Other servers leave the domain out, or log only that.
		if name, _, isAddress := strings.Cut(user, "@"); isAddress && name != "" {
			m.names = append(m.names, maskedName{text: name, masked: maskUser(name), whole: true})
		}
	}
	slices.SortStableFunc(m.names, func(a, b maskedName) int { return len(b.text) - len(a.text) })
	return m
}

func (m *masker) add(text, masked string, cut bool) {
	m.names = append(m.names, maskedName{text: text, masked: masked, whole: len(text) < shortName, cut: cut})
}

// line hides the names in a line, of which textCut says that its end is missing.
func (m *masker) line(text string, textCut bool) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		n := m.at(text, i, textCut)
		if n == nil {
			b.WriteByte(text[i])
			i++
			continue
		}
		b.WriteString(n.masked)
		i += len(n.text)
		if n.cut {
			return b.String()
		}
	}
	return b.String()
}

// at returns the name that begins at i. The missing end of a line may be the
// rest of one.
func (m *masker) at(text string, i int, textCut bool) *maskedName {
	rest := text[i:]
	for j := range m.names {
		n := &m.names[j]
		if len(rest) < len(n.text) {
			if textCut && (len(rest) >= shortName || begins(text, i)) && strings.EqualFold(rest, n.text[:len(rest)]) {
				return &maskedName{masked: dots, text: rest}
			}
			continue
		}
		if strings.EqualFold(rest[:len(n.text)], n.text) && (!n.whole || begins(text, i) && ends(rest[len(n.text):])) {
			return n
		}
	}
	return nil
}

// begins and ends tell whether a word can begin at i, or end before rest.
func begins(text string, i int) bool { return i == 0 || !wordByte(text[i-1]) }
func ends(rest string) bool          { return rest == "" || !wordByte(rest[0]) }

func wordByte(c byte) bool {
	return c >= utf8.RuneSelf || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
