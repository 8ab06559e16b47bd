package postfix

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

// all answers everything in text, as for one connection.
func all(t *testing.T, s *Server, text string) string {
	t.Helper()
	var out strings.Builder
	r := bufio.NewReaderSize(strings.NewReader(text), bufferSize)
	for {
		if _, err := r.Peek(1); err != nil {
			return out.String()
		}
		answer, goOn := s.exchange(t.Context(), r)
		out.Write(answer)
		if !goOn {
			return out.String()
		}
	}
}

const dunno = "action=DUNNO\n\n"

func asks(addr string, more ...string) string {
	return "request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=" + addr + "\nclient_name=a.example\n" +
		strings.Join(more, "") + "\n"
}

func TestPolicyAnswers(t *testing.T) {
	tests := map[string]struct {
		request, want string
		result        Result
	}{
		"nobody":              {asks("192.0.2.1"), dunno, Passed},
		"soft":                {asks("198.51.100.7"), "action=DEFER 3 from 198.51.100.7\n\n", TurnedAway},
		"soft, IPv6":          {asks("2001:db8:0:1::7"), "action=DEFER 3 from 2001:db8:0:1::7\n\n", TurnedAway},
		"mapped":              {asks("::ffff:198.51.100.7"), "action=DEFER 3 from 198.51.100.7\n\n", TurnedAway},
		"soft, logged in":     {asks("198.51.100.7", "sasl_username=alice\n"), dunno, Passed},
		"soft, not logged in": {asks("198.51.100.7", "sasl_username=\n"), "action=DEFER 3 from 198.51.100.7\n\n", TurnedAway},
		"banned":              {asks("198.51.100.8"), "action=DEFER many from 198.51.100.8\n\n", TurnedAway},
		"banned, logged in":   {asks("198.51.100.8", "sasl_username=alice\n"), "action=DEFER many from 198.51.100.8\n\n", TurnedAway},
		"exempt":              {asks("198.51.100.9"), dunno, Passed},
		"attributes to come":  {asks("192.0.2.1", "from_the_future=\x80=\n"), dunno, Passed},
		"a long attribute":    {asks("198.51.100.7", "helo_name="+strings.Repeat("x", 3*bufferSize)+"\n"), "action=DEFER 3 from 198.51.100.7\n\n", TurnedAway},
		"no address":          {"request=smtpd_access_policy\n\n", dunno, Malformed},
		"no client":           {asks("unknown"), dunno, Malformed},
		"a net":               {asks("198.51.100"), dunno, Malformed},
		"two addresses":       {asks("192.0.2.1", "client_address=198.51.100.7\n"), dunno, Malformed},
		"a long address":      {asks("198.51.100.7" + strings.Repeat(" ", 2*bufferSize)), dunno, Malformed},
		"another request":     {"request=junk\nclient_address=198.51.100.7\n\n", dunno, Malformed},
		"no request":          {"client_address=198.51.100.7\n\n", dunno, Malformed},
		"no attribute":        {asks("198.51.100.7", "junk\n"), dunno, Malformed},
		"nothing":             {"\n", dunno, Malformed},
		"no end":              {"request=smtpd_access_policy\nclient_address=198.51.100.7\n", dunno, Malformed},
		"carriage returns":    {"request=smtpd_access_policy\r\nclient_address=198.51.100.7\r\n\r\n", dunno, Malformed},
		"too many attributes": {asks("198.51.100.7", strings.Repeat("a=b\n", maxAttributes)), dunno, Malformed},
		"long attributes":     {asks("198.51.100.7", strings.Repeat("x="+strings.Repeat("x", maxRequest/4)+"\n", 4)), dunno, Malformed},
		"a megabyte":          {asks("198.51.100.7", "x="+strings.Repeat("x", 1<<20)+"\n"), dunno, Malformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(Policy)
			if got := all(t, s, test.request); got != test.want {
				t.Errorf("answer %q, want %q", got, test.want)
			}
			if diff := cmp.Diff(map[Result]uint64{test.result: 1}, counted(s)); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMapAnswers(t *testing.T) {
	const notFound = "9:NOTFOUND ,"
	tests := map[string]struct {
		request, want string
		result        Result
	}{
		"nobody":            {netstringOf("smtpbl 192.0.2.1"), notFound, Passed},
		"soft":              {netstringOf("smtpbl 198.51.100.7"), netstringOf("OK DEFER 3 from 198.51.100.7"), TurnedAway},
		"soft, IPv6":        {netstringOf("smtpbl 2001:db8:0:1::7"), netstringOf("OK DEFER 3 from 2001:db8:0:1::7"), TurnedAway},
		"banned":            {netstringOf("smtpbl 198.51.100.8"), netstringOf("OK DEFER many from 198.51.100.8"), TurnedAway},
		"exempt":            {netstringOf("smtpbl 198.51.100.9"), notFound, Passed},
		"a name":            {netstringOf("smtpbl mail.example.org"), notFound, Passed},
		"a domain":          {netstringOf("smtpbl example.org"), notFound, Passed},
		"a net":             {netstringOf("smtpbl 198.51.100"), notFound, Passed},
		"no key":            {netstringOf("smtpbl "), notFound, Passed},
		"blanks":            {netstringOf("smtpbl 198.51.100.7 "), notFound, Passed},
		"no table":          {netstringOf("198.51.100.7"), notFound, Malformed},
		"nothing":           {"0:,", notFound, Malformed},
		"no comma":          {"19:smtpbl 198.51.100.7;", notFound, Malformed},
		"no end":            {"19:smtpbl 198.51", notFound, Malformed},
		"no length":         {":smtpbl 198.51.100.7,", notFound, Malformed},
		"a zero before":     {"019:smtpbl 198.51.100.7,", notFound, Malformed},
		"a negative length": {"-1:,", notFound, Malformed},
		"too long":          {"2049:", notFound, Malformed},
		"digits":            {strings.Repeat("9", 1<<20), notFound, Malformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(Map)
			if got := all(t, s, test.request); got != test.want {
				t.Errorf("answer %q, want %q", got, test.want)
			}
			if diff := cmp.Diff(map[Result]uint64{test.result: 1}, counted(s)); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func netstringOf(text string) string { return fmt.Sprintf("%d:%s,", len(text), text) }

// A connection carries many questions, and one that is malformed does not end
// it where its end is known.
func TestManyQuestions(t *testing.T) {
	s := newServer(Policy)
	got := all(t, s, asks("192.0.2.1")+asks("junk")+asks("198.51.100.7")+asks("192.0.2.1"))
	if want := dunno + dunno + "action=DEFER 3 from 198.51.100.7\n\n" + dunno; got != want {
		t.Errorf("answers %q, want %q", got, want)
	}
	s = newServer(Map)
	got = all(t, s, netstringOf("junk")+netstringOf("smtpbl 198.51.100.7")+netstringOf("smtpbl a"))
	if want := "9:NOTFOUND ," + netstringOf("OK DEFER 3 from 198.51.100.7") + "9:NOTFOUND ,"; got != want {
		t.Errorf("answers %q, want %q", got, want)
	}
}

func TestNoAnswerInTimePasses(t *testing.T) {
	s := newServer(Policy)
	s.cfg.Standing = func(context.Context, netip.Addr) (policy.Standing, error) {
		return policy.Standing{Step: policy.StepHost}, errStuck
	}
	if got := all(t, s, asks("198.51.100.7")); got != dunno {
		t.Errorf("answer %q", got)
	}
	if diff := cmp.Diff(map[Result]uint64{Late: 1}, counted(s)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// TestRemaindersOfAddresses cuts IPv6 addresses as check_client_access does.
// Nothing that is left may be taken for an address that is counted apart.
func TestRemaindersOfAddresses(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	parts := []uint16{0, 0, 0, 1, 0x2a00, 0xffff}
	remainders := 0
	for range 200_000 {
		var a [16]byte
		for i := range 8 {
			p := parts[rng.IntN(len(parts))]
			a[2*i], a[2*i+1] = byte(p>>8), byte(p)
		}
		addr := netip.AddrFrom16(a)
		if addr.Is4In6() || a[0] == 0 && a[1] == 0 {
			continue // Postfix writes those as IPv4, or they are nobody's
		}
		text := addr.String()
		for i := strings.LastIndexByte(text, ':'); i >= 0; i = strings.LastIndexByte(text, ':') {
			text = text[:i]
			rest := clientKey([]byte(text))
			if !rest.IsValid() {
				continue
			}
			remainders++
			if p, _ := addr.Prefix(64); !p.Contains(rest) {
				t.Fatalf("%s is taken for %s", addr, rest)
			}
		}
	}
	if remainders == 0 {
		t.Error("no remainder was an address: nothing was tested")
	}
}

// BenchmarkExchange answers a question of about the size of Postfix's.
func BenchmarkExchange(b *testing.B) {
	for p, text := range map[Protocol]string{
		Policy: asks("192.0.2.1", strings.Repeat("an_attribute=and a value\n", 30)), Map: netstringOf("smtpbl 192.0.2.1"),
	} {
		b.Run(string(p), func(b *testing.B) {
			s := newServer(p)
			var in strings.Reader
			r := bufio.NewReaderSize(&in, bufferSize)
			b.ReportAllocs()
			for b.Loop() {
				in.Reset(text)
				r.Reset(&in)
				if answer, goOn := s.exchange(b.Context(), r); !goOn || len(answer) == 0 {
					b.Fatalf("answer %q", answer)
				}
			}
		})
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add(asks("192.0.2.1") + asks("198.51.100.7") + asks("2001:db8:0:1::7", "sasl_username=a\n"))
	f.Add("request=smtpd_access_policy\nclient_address=198.51.100.7\nclient_address=\n\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		for answer := range strings.SplitSeq(strings.TrimSuffix(all(t, newServer(Policy), text), "\n\n"), "\n\n") {
			judge(t, text, strings.TrimPrefix(answer, "action="), "DUNNO", "")
		}
	})
}

func FuzzMap(f *testing.F) {
	f.Add(netstringOf("smtpbl 192.0.2.1") + netstringOf("smtpbl 198.51.100.7") + netstringOf("a 2001:db8:0:1::7"))
	f.Add("19:smtpbl 198.51.100.7;3:a b,")
	f.Fuzz(func(t *testing.T, text string) {
		out := all(t, newServer(Map), text)
		for out != "" {
			var n int
			if _, err := fmt.Sscanf(out, "%d:", &n); err != nil {
				t.Fatalf("%q is no netstring", out)
			}
			_, out, _ = strings.Cut(out, ":")
			judge(t, text, out[:n], "NOTFOUND ", "OK ")
			if out[n] != ',' {
				t.Fatalf("%q is no netstring", out)
			}
			out = out[n+1:]
		}
	})
}

// judge wants an answer to turn away those only who stand at a step, and to be
// one line of printable characters.
func judge(t *testing.T, text, answer, none, before string) {
	t.Helper()
	if answer == none || answer == "" && text == "" {
		return
	}
	for _, addr := range []netip.Addr{soft, host, soft6} {
		for _, count := range []string{"3", "many"} {
			if answer == before+"DEFER "+count+" from "+addr.String() && (addr == soft6 || strings.Contains(text, addr.String())) {
				return
			}
		}
	}
	t.Fatalf("%q is answered %q", text, answer)
}
