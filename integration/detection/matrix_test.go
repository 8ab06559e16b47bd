package main

import "testing"

// smtpbl must be right in every row; this needs no other program.
func TestOursIsRight(t *testing.T) {
	sections := matrix()
	for i := range sections {
		s := &sections[i]
		for j := range s.rows {
			got := events(s.service, s.lines(j))
			if judgeOurs(s.rows[j].want, got) != right {
				t.Errorf("%s, %d: %s\n%q\ngot  %q\nwant %q", s.title, j+1, s.rows[j].about, s.lines(j), got, s.rows[j].want)
			}
		}
	}
}

// A line that stands twice was meant to be another.
func TestRowsDiffer(t *testing.T) {
	seen := map[string]string{}
	sections := matrix()
	for i := range sections {
		s := &sections[i]
		for j := range s.rows {
			text := s.head + s.rows[j].text
			if before, twice := seen[text]; twice {
				t.Errorf("%s, %d is the same as %s", s.title, j+1, before)
			}
			seen[text] = s.title
		}
	}
}
