package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func printed(t *testing.T, tab *table) string {
	t.Helper()
	var out bytes.Buffer
	if err := tab.print(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPrint(t *testing.T) {
	for _, tt := range []struct {
		form form
		want string
	}{
		{formSpread, `
Bans
µs; median / 99 %, times the first row

        0                   1000
ours    2.00 / 3.00 (1.00)  no kernel
theirs  100 / 100 (50.0)    7.00 / 7.00
nothing
* once
`},
		{formMedian, `
Bans
µs; median, times the first row

        0            1000
ours    2.00 (1.00)  no kernel
theirs  100 (50.0)   7.00
nothing
* once
`},
		{formMin, `
Bans
µs; best of several

        0     1000
ours    1.00  no kernel
theirs  100   7.00
nothing
* once
`},
		{formWorst, `
Bans
µs; median / 99 % / longest

        0                   1000
ours    2.00 / 3.00 / 3.00  no kernel
theirs  100 / 100 / 100     7.00 / 7.00 / 7.00
nothing
* once
`},
	} {
		t.Run(string(tt.form), func(t *testing.T) {
			tab := &table{Title: "Bans", Unit: "µs", Form: tt.form}
			tab.add("ours", "0", 3)
			tab.add("ours", "0", 1, 2)
			tab.miss("ours", "1000", "no kernel")
			tab.add("theirs", "0", 100)
			tab.add("theirs", "1000", 7)
			tab.add("theirs", "1000")
			tab.miss("nothing", "0", "")
			tab.note("%s", "once")
			tab.note("%s", "once")
			if diff := cmp.Diff(tt.want, printed(t, tab)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPrintEmpty(t *testing.T) {
	if got := printed(t, &table{Title: "Bans"}); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.00", 0.004: "0.00", 9.994: "9.99", 9.996: "10.0", 99.94: "99.9",
		99.96: "100", 12345.6: "12346", -3.14159: "-3.14", -250.4: "-250",
	} {
		if got := number(v); got != want {
			t.Errorf("number(%v) is %q, want %q", v, got, want)
		}
	}
}
