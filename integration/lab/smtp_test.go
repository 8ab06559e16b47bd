package lab

import "testing"

// TestCRAMMD5 is the example of RFC 2195 section 2.
func TestCRAMMD5(t *testing.T) {
	got := cramMD5("<1896.697170952@postoffice.reston.mci.net>", "tim", "tanstaaftanstaaf")
	if want := "tim b913a602c7eda7a495b4e6e7334d3890"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
