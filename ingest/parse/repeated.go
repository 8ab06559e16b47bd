package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// maxCount bounds a counter that a line may claim.
const maxCount = 10000

// repeated reads rsyslog's "message repeated N times: [ … ]", which stands for
// N more of the line before it (RepeatedMsgReduction, on in Ubuntu).
func repeated(msg []byte) (n int, once []byte, ok bool) {
	b, ok := bytes.CutPrefix(msg, []byte("message repeated "))
	if !ok {
		return 0, nil, false
	}
	n, b, ok = number(b)
	b, head := bytes.CutPrefix(b, []byte(" times: [ "))
	b, tail := bytes.CutSuffix(b, []byte("]"))
	return n, b, ok && head && tail && n > 0 && n <= maxCount && len(b) > 0
}

// multiply makes ev stand for n lines. Lines about a connection's start and
// end do not repeat: a repetition of those is not believed.
func multiply(ev *policy.Event, n int) bool {
	ev.Failures *= n
	ev.Excused *= n
	return ev.Failures <= maxCount && ev.Kind != policy.Session && ev.Kind != policy.AuthOK
}
