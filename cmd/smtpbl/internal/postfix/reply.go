package postfix

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// maxText bounds what a client is told. With what Postfix writes before it
// ("450 4.7.1 <name[address]>: Client host rejected: ") it stays within the 512
// bytes that RFC 5321, section 4.5.3.1.5, gives a reply line, for names of up
// to 110 bytes.
const maxText = 320

// reply makes the action for a client that is to be turned away: access(5)'s
// DEFER or REJECT with a text of one line of printable ASCII.
func (c *Config) reply(addr netip.Addr, st *policy.Standing, now time.Time) string {
	left := st.Until.Sub(now)
	text := strings.NewReplacer(
		"{addr}", addr.String(), "{count}", count(st.Failures),
		"{until}", st.Until.Format("2006-01-02 15:04 -0700"), "{for}", roughly(left),
	).Replace(c.Text)
	return c.Action + " " + oneLine(text)
}

// count writes a number of failures. Those of an address that is banned were
// spent on its ban.
func count(failures int) string {
	if failures <= 0 {
		return "many"
	}
	return strconv.Itoa(failures)
}

// roughly writes a time span as people say it, rounded up, so that whoever
// waits so long has waited long enough.
func roughly(d time.Duration) string {
	for _, u := range []struct {
		most, unit time.Duration
		name       string
	}{
		{2 * time.Hour, time.Minute, "minute"},
		{48 * time.Hour, time.Hour, "hour"},
	} {
		if d <= u.most {
			return plural(max(d, 1), u.unit, u.name)
		}
	}
	return plural(d, 24*time.Hour, "day")
}

func plural(d, unit time.Duration, name string) string {
	n := (d + unit - 1) / unit
	if n == 1 {
		return "1 " + name
	}
	return fmt.Sprintf("%d %ss", n, name)
}

// oneLine makes text fit for a reply line. The configuration sees to it before;
// this holds whatever comes.
func oneLine(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	if len(b) > maxText {
		b = append(b[:maxText-3], "..."...)
	}
	return string(b)
}
