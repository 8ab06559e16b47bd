package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var compareAnswers = cmp.Options{cmp.AllowUnexported(answer{}), cmpopts.EquateComparable()}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name string
		read func(io.Reader) (answer, error)
		out  string
		want answer
		ok   bool
	}{
		{"wc", wcAnswer, "12 mail.log\n", answer{lines: 12}, true},
		{"wc without a number", wcAnswer, "", answer{}, false},
		{"rg", rgAnswer, "7\n", answer{failures: 7}, true},
		{"sshguard", sshguardAnswer, "260 192.0.2.1 4 10\n260 2001:db8::1 6 10\n", answer{failures: 2}, true},
		{"fail2ban", fail2banAnswer, "x\n\nLines: 10 lines, 0 ignored, 3 matched, 7 missed\n", answer{lines: 10, failures: 3}, true},
		{"fail2ban broken off", fail2banAnswer, "Running tests\n", answer{}, false},
		{
			"smtpbl", smtpblAnswer,
			"2026-03-01 00:00:09  192.0.2.1  until 2026-03-01 04:00:09  5 failed logins\n" +
				"2026-03-01 00:00:09  198.51.100.0/24  until 2026-03-01 04:00:09  5 hosts\n" +
				"2026-03-01 00:00:09  2001:db8::/64  until 2026-03-01 04:00:09  3 failed logins\n" +
				"3 bans from 8 events in 9 lines\n",
			answer{lines: 9, failures: 8, hosts: prefixes("192.0.2.1/32"), nets: prefixes("198.51.100.0/24")},
			true,
		},
		{"smtpbl without bans", smtpblAnswer, "0 bans from 2 events in 9 lines\n", answer{lines: 9, failures: 2, hosts: prefixes(), nets: prefixes()}, true},
		{"smtpbl broken off", smtpblAnswer, "", answer{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.read(strings.NewReader(tt.out))
			if (err == nil) != tt.ok {
				t.Fatalf("error %v, want one: %v", err, !tt.ok)
			}
			if diff := cmp.Diff(tt.want, got, compareAnswers); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompare(t *testing.T) {
	ours := answer{lines: 9, failures: 8, hosts: prefixes("192.0.2.1/32"), nets: prefixes("198.51.100.0/24")}
	for _, tt := range []struct {
		name   string
		theirs answer
		agree  bool
	}{
		{"lines", answer{lines: 9}, true},
		{"other lines", answer{lines: 8}, false},
		{"other failures", answer{failures: 9}, false},
		{"same hosts", answer{hosts: prefixes("192.0.2.1/32")}, true},
		{"host of a net", answer{hosts: prefixes("192.0.2.1/32", "198.51.100.1/32")}, true},
		{"one host more", answer{hosts: prefixes("192.0.2.1/32", "192.0.2.2/32")}, false},
		{"one host less", answer{hosts: prefixes()}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ran := []measured{{wall: time.Second}}
			err := compare(t.Output(), []result{
				{contender: &contender{name: "ours"}, runs: ran, answer: ours},
				{contender: &contender{name: "theirs"}, runs: ran, answer: tt.theirs},
				{contender: &contender{name: "not installed"}},
			})
			if (err == nil) != tt.agree {
				t.Errorf("error %v, want one: %v", err, !tt.agree)
			}
		})
	}
}

func TestMedian(t *testing.T) {
	runs := []measured{{wall: 4}, {wall: 1}, {wall: 3}, {wall: 10}}
	if got := median(runs, wallTime); got != 3 {
		t.Errorf("median %d, want 3, the mean of 3 and 4 rounded down", got)
	}
	if got := median(runs[:3], wallTime); got != 3 {
		t.Errorf("median %d, want 3", got)
	}
}

func TestContendersNeedSmtpbl(t *testing.T) {
	_, err := contenders(t.Context(), t.TempDir(), options{smtpbl: t.TempDir() + "/missing"})
	if err == nil || errors.Unwrap(err) == nil {
		t.Errorf("got %v, want an error that wraps its cause", err)
	}
}
