package parse

import (
	"strings"
	"testing"
)

func TestClient(t *testing.T) {
	for _, c := range []struct{ in, addr, rest string }{
		{"unknown[192.0.2.1]", "192.0.2.1", ""},
		{"unknown[192.0.2.1]: SASL", "192.0.2.1", ": SASL"},
		{"unknown[192.0.2.1]:4812: SASL", "192.0.2.1", ": SASL"},
		{"unknown[192.0.2.1]:4812", "192.0.2.1", ""},
		{"a-b_c.example.com[2001:DB8::1] x", "2001:db8::1", " x"},
		{"192-0-2-9.example[::ffff:192.0.2.1]", "192.0.2.1", ""},
		{"198.51.100.7[192.0.2.1]", "192.0.2.1", ""}, // a PTR name of digits
		{strings.Repeat("a", 256) + "[192.0.2.1]", "192.0.2.1", ""},
		{strings.Repeat("a", 257) + "[192.0.2.1]", "", ""},
		{"[192.0.2.1]", "", ""},
		{"unknown[unknown]", "", ""},
		{"localhost[local]", "", ""},
		{"unknown[fe80::1%eth0]", "", ""},
		{"unknown[192.0.2.1", "", ""},
		{"unknown[192.0.2.1 ]", "", ""},
		{"unknown[ 192.0.2.1]", "", ""},
		{"unknown [192.0.2.1]", "", ""},
		{"un:known[192.0.2.1]", "", ""},
		{"ünknown[192.0.2.1]", "", ""},
		{"unknown[]", "", ""},
		{"unknown[", "", ""},
		{"unknown", "", ""},
		{"", "", ""},
	} {
		a, rest, ok := client([]byte(c.in))
		if ok != (c.addr != "") || ok && (a.String() != c.addr || string(rest) != c.rest) {
			t.Errorf("%q: got %s, rest %q, %v", c.in, a, rest, ok)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		rest string
		ok   bool
	}{
		{"12 x", 12, " x", true},
		{"007", 7, "", true},
		{"1234567", 123456, "7", true}, // no line counts so far
		{"", 0, "", false},
		{"-1", 0, "-1", false},
		{"x", 0, "x", false},
	} {
		n, rest, ok := number([]byte(c.in))
		if n != c.n || string(rest) != c.rest || ok != c.ok {
			t.Errorf("%q: got %d %q %v", c.in, n, rest, ok)
		}
	}
}

func TestHashTellsNamesApart(t *testing.T) {
	seen := map[uint64]string{}
	for _, parts := range [][2]string{
		{"", ""},
		{"a", ""},
		{"", "a"},
		{"ab", "c"},
		{"a", "bc"},
		{"\x00", ""},
		{"\x00\x00", ""},
		{"", "\x00"},
		{"postfix/smtpd", "1205"},
		{"postfix/smtpd", "1206"},
		{"postfix/smtpd1", "205"},
		{"postfix/submission/smtpd", "1205"},
		{"abcdefgh", ""},
		{"abcdefghi", ""},
		{"abcdefg", "h"},
		{"abcdefgh", "abcdefgh"},
		{"abcdefghabcdefgh", ""},
	} {
		h := hash([]byte(parts[0]), []byte(parts[1]))
		if before, taken := seen[h]; taken || h == 0 {
			t.Errorf("%q has the number %d of %s", parts, h, before)
		}
		seen[h] = parts[0] + "|" + parts[1]
	}
	for i := range 100_000 {
		pid := []byte{byte('0' + i/10000), byte('0' + i/1000%10), byte('0' + i/100%10), byte('0' + i/10%10), byte('0' + i%10)}
		h := hash([]byte("postfix/submission/smtpd"), pid)
		if before, taken := seen[h]; taken {
			t.Fatalf("process %s has the number of %s", pid, before)
		}
		seen[h] = string(pid)
	}
}
