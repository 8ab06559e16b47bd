package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheFileIsNamedAfterTheUpstreamVersion(t *testing.T) {
	for version, want := range map[string]string{
		"4.96-15+deb12u10":             "exim-4.96-part.log",
		"1:2.3.19.1+dfsg1-2.1+deb12u7": "exim-2.3.19.1-part.log",
		"6.8.0p2-4+b4":                 "exim-6.8.0p2-part.log",
		"5.0.13+1.0.16-3+b6":           "exim-5.0.13-part.log",
		"8.17.1.9-2+deb12u2":           "exim-8.17.1.9-part.log",
		"2.4.1~rc1+dfsg-1":             "exim-2.4.1-part.log",
		"3.0":                          "exim-3.0-part.log",
	} {
		c := captured{Server: "exim", Part: "part", Version: version}
		if got := c.file(); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
	c := captured{Server: "exim", Version: "4.96-15"}
	if got, want := c.file(), "exim-4.96.log"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestARowReplacesTheOneOfItsFile(t *testing.T) {
	readme := "# Logs\n\n" + tableHead +
		"| a-1.log | old |\n" +
		"| a-1.log.log | another |\n" +
		"\nMore | text.\n"
	for _, c := range []struct{ name, row, want string }{
		{
			"a known file", "| a-1.log | new |\n",
			"# Logs\n\n" + tableHead + "| a-1.log | new |\n| a-1.log.log | another |\n\nMore | text.\n",
		},
		{
			"a new file", "| b-1.log | new |\n",
			"# Logs\n\n" + tableHead + "| a-1.log | old |\n| a-1.log.log | another |\n| b-1.log | new |\n\nMore | text.\n",
		},
	} {
		got, err := withRow([]byte(readme), c.row)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestAReadmeWithoutTheTableIsAnError(t *testing.T) {
	if _, err := withRow([]byte("# Logs\n"), "| a | b |\n"); err == nil {
		t.Error("no error")
	}
}
