package mask

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Names hides login names in the lines that tell of them.
//
// Where a server writes a name, it puts it into a frame: sasl_username=alice,
// user=<alice>, auth(alice,192.0.2.7). Names are hidden there. The same letters
// elsewhere in such a line are the server's own words: whoever tries to log in as
// "postfix" or "unknown" is in every line, and hiding those words as well would
// tell the name. In a line that has the name in no frame, it is hidden wherever
// it stands.
type Names struct {
	names []name // the longest first, so that none is found inside another
}

// name is a text to be hidden.
type name struct {
	user, text, masked string
	address            bool // no server has words like that: hidden everywhere
	whole              bool // outside of frames only where no letter or digit stands beside it
	cut                bool // what stands behind it belongs to it
}

// shortName is below how many bytes a name is hidden as a whole word only: the
// letter a is in every line.
const shortName = 3

// NewNames takes the names that a few lines tell of. A name of most bytes may go
// on beyond what was kept of it.
func NewNames(users []string, most int) *Names {
	m := &Names{}
	for _, user := range users {
		if user == "" {
			continue
		}
		local, domain, isAddress := strings.Cut(user, "@")
		n := name{
			user: user, masked: User(user), cut: len(user) >= most,
			address: isAddress && local != "" && domain != "",
		}
		m.add(n, user)
		// A container's record has it as a JSON string.
		if text, err := json.Marshal(user); err == nil {
			m.add(n, string(text[1:len(text)-1]))
		}
		// Other servers leave the domain out, or log only that.
		if n.address {
			m.names = append(m.names, name{text: local, masked: User(local), whole: true})
		}
	}
	slices.SortStableFunc(m.names, func(a, b name) int { return len(b.text) - len(a.text) })
	return m
}

func (m *Names) add(n name, text string) {
	n.text, n.whole = text, len(text) < shortName
	m.names = append(m.names, n)
}

// Line hides the names in a line, whose own name is user, empty where none was
// read from it. TextCut says that the line's end is missing. A whole line that does not
// have its own name as it was read, since it is written in another way, is not
// shown at all.
func (m *Names) Line(text, user string, textCut bool) string {
	if user == "" {
		text = hideUnread(text)
	}
	text = m.hideEncoded(hidePassword(text))
	s := search{names: m.names, text: text, cut: textCut}
	s.everywhere = user != "" && !s.frames(user)
	found := user == "" || textCut
	var b strings.Builder
	for i := 0; i < len(text); {
		n, size := s.at(i)
		if n == nil {
			b.WriteByte(text[i])
			i++
			continue
		}
		found = found || n.user == user
		if b.WriteString(n.masked); n.cut {
			break
		}
		i += size
	}
	if !found {
		return dots
	}
	return b.String()
}

// search looks for names in one line.
type search struct {
	names      []name
	text       string
	cut        bool // the end of text is missing
	everywhere bool // not in frames alone
}

// frames tells whether user stands in a frame.
func (s *search) frames(user string) bool {
	for i := range s.text {
		if n, _ := s.at(i); n != nil && n.user == user && opened(s.text[:i]) {
			return true
		}
	}
	return false
}

// at returns the name that is to be hidden at i, and how long it is there. The
// missing end of a line may be the rest of one.
func (s *search) at(i int) (*name, int) {
	before, rest := s.text[:i], s.text[i:]
	for j := range s.names {
		n := &s.names[j]
		if len(rest) < len(n.text) {
			if s.cut && s.mayBegin(before, rest) && strings.EqualFold(rest, n.text[:len(rest)]) {
				return &name{user: n.user, masked: dots}, len(rest)
			}
			continue
		}
		if !strings.EqualFold(rest[:len(n.text)], n.text) {
			continue
		}
		after := rest[len(n.text):]
		if n.framed(before, after) || (s.everywhere || n.address) && (!n.whole || begins(before) && ends(after)) {
			return n, len(n.text)
		}
	}
	return nil, 0
}

// mayBegin tells whether rest, the last that is left of a line, may be the
// beginning of a name.
func (s *search) mayBegin(before, rest string) bool {
	return opened(before) || s.everywhere && (len(rest) >= shortName || begins(before))
}

// framed tells whether n stands in a frame. In the record of a container frames
// are written as JSON does. Of "(auth failed" auth is no name.
func (n *name) framed(before, after string) bool {
	return opened(before) && (n.cut || after == "" || strings.IndexByte(`,;)>]"'\`, after[0]) >= 0 ||
		after[0] == ' ' && strings.HasSuffix(before, "="))
}

func opened(before string) bool {
	return before != "" && strings.IndexByte(`=<("'`, before[len(before)-1]) >= 0 || strings.HasSuffix(before, `\u003c`)
}

// begins and ends tell whether a word can begin after before, or end before
// after.
func begins(before string) bool { return before == "" || !wordByte(before[len(before)-1]) }
func ends(after string) bool    { return after == "" || !wordByte(after[0]) }

func wordByte(c byte) bool {
	return c >= utf8.RuneSelf || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
