package blocklist

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/nft"
)

func TestParse(t *testing.T) {
	const text = `# a list
192.0.2.1
  198.51.100.77/24	; with host bits
2001:db8::1 # a host

; another comment
2001:db8:5::/48
::ffff:203.0.113.9
fe80::1%eth0
0.0.0.0/0
::/0
192.0.2.300
192.0.2.1 drop
192.0.2.0-192.0.2.9
no address at all ` + "\x1b[2J" + `
203.0.113.8/29`
	got, bad, err := parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, p := range got {
		list = append(list, p.String())
	}
	want := []string{
		"192.0.2.1/32", "198.51.100.0/24", "2001:db8::1/128", "2001:db8:5::/48", "203.0.113.9/32", "fe80::1/128", "203.0.113.8/29",
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("prefixes (-want +got):\n%s", diff)
	}
	var numbers []int
	for _, b := range bad {
		numbers = append(numbers, b.number)
	}
	if diff := cmp.Diff([]int{10, 11, 12, 13, 14, 15}, numbers); diff != "" {
		t.Errorf("bad lines (-want +got):\n%s", diff)
	}
	if last := bad[len(bad)-1].text; last != "no address at all ?[2J" {
		t.Errorf("bad line shown as %q", last)
	}
}

// TestLongLine has a line longer than the buffer between two good ones.
func TestLongLine(t *testing.T) {
	text := "192.0.2.1\n192.0.2.2 # " + strings.Repeat("x", 3*lineBytes) + "\n192.0.2.3\n"
	got, bad, err := parse(strings.NewReader(text))
	if err != nil || len(got) != 2 || len(bad) != 1 || bad[0].number != 2 {
		t.Errorf("%v, bad %v, %v; want two prefixes and line 2 bad", got, bad, err)
	}
}

func TestTooMany(t *testing.T) {
	_, _, err := parse(strings.NewReader(strings.Repeat("192.0.2.1\n", maxPrefixes+1)))
	if !errors.Is(err, errTooMany) {
		t.Errorf("error %v, want errTooMany", err)
	}
}

// TestNoList has a file of some other kind matched by a pattern.
func TestNoList(t *testing.T) {
	_, _, err := parse(strings.NewReader("192.0.2.1\n" + strings.Repeat("x\n", maxBad+1)))
	if !errors.Is(err, errNoList) {
		t.Errorf("error %v, want errNoList", err)
	}
}

// FuzzParse checks that every line is accounted for and that every prefix can
// be given to the kernel as it is.
func FuzzParse(f *testing.F) {
	f.Add([]byte("192.0.2.0/24\n# x\n2001:db8::/32;y\n"))
	f.Add([]byte("\n\r\n/\n::/"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, bad, err := parse(bytes.NewReader(data))
		if errors.Is(err, errNoList) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(data, []byte("\n")) + 1; len(got)+len(bad) > lines {
			t.Errorf("%d prefixes and %d bad lines of %d lines", len(got), len(bad), lines)
		}
		for _, p := range got {
			if n, err := nft.Normalize(p); err != nil || n != p {
				t.Errorf("%v is not normal: %v, %v", p, n, err)
			}
		}
	})
}
