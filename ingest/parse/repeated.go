package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// maxCount bounds a counter that a line may claim.
const maxCount = 10000

// repeated reads rsyslog's "message repeated N times: [ … ]", which stands for
// N more of the line before it (RepeatedMsgReduction, on in Ubuntu). Any other
// line it returns as it is, with 0.
func repeated(msg []byte) (times int, once []byte) {
	b, ok := bytes.CutPrefix(msg, []byte("message repeated "))
	if !ok {
		return 0, msg
	}
	times, b, _ = number(b)
	b, head := bytes.CutPrefix(b, []byte(" times: [ "))
	b, tail := bytes.CutSuffix(b, []byte("]"))
	if !head || !tail || times < 1 || len(b) == 0 {
		return 0, msg
	}
	return times, b
}

// multiply makes ev stand for n lines. Lines about a connection's start and
// end do not repeat: a repetition of those is not believed.
func multiply(ev *policy.Event, n int) bool {
	ev.Failures *= n
	ev.Unnamed *= n
	ev.Excused *= n
	return n <= maxCount && ev.Failures <= maxCount && ev.Kind != policy.Session && ev.Kind != policy.AuthOK
}
