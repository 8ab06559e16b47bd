package parse

import (
	"testing"
	"time"
	_ "time/tzdata" // so that every machine knows the zone
)

const afterStamp = " mx1 postfix/smtpd[7]: connect from unknown[192.0.2.1]"

// berlin is an hour ahead of UTC in winter and two in summer.
func berlin(t *testing.T) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

var isoStamps = map[string]time.Time{
	"2026-05-01T10:00:00.517300+02:00": time.Date(2026, 5, 1, 8, 0, 0, 517_300_000, time.UTC),
	"2026-05-01T10:00:00.517300-05:30": time.Date(2026, 5, 1, 15, 30, 0, 517_300_000, time.UTC),
	"2026-05-01T10:00:00+0200":         time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC),
	"2026-05-01T10:00:00+02:00":        time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC),
	"2026-05-01T10:00:00Z":             time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC),
	"2026-05-01T10:00:00.25Z":          time.Date(2026, 5, 1, 10, 0, 0, 250_000_000, time.UTC),
	"2026-05-01T10:00:00.123456789Z":   time.Date(2026, 5, 1, 10, 0, 0, 123_456_789, time.UTC),
	"2026-12-31T23:59:60Z":             time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	"2024-02-29T00:00:00Z":             time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
	"2026-07-31 01:40:25 +0200":        time.Date(2026, 7, 30, 23, 40, 25, 0, time.UTC),
	"2026-07-31 01:40:25.250 -0330":    time.Date(2026, 7, 31, 5, 10, 25, 250_000_000, time.UTC),
	"2026-07-31 01:40:25":              time.Date(2026, 7, 30, 23, 40, 25, 0, time.UTC),
}

// A container's tool knows the zone, the line inside may not; so the outer
// stamp counts.
var wrappedStamps = map[string]time.Time{
	"Nov 23 15:00:00.25":                                                             time.Date(2026, 11, 23, 14, 0, 0, 250_000_000, time.UTC),
	"@4000000067424f0a1dcd6500":                                                      time.Date(2024, 11, 23, 21, 54, 8, 500_000_000, time.UTC),
	"<22>Nov 23 15:00:00":                                                            time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC),
	"<22>2026-05-01T10:00:00.517300+02:00":                                           time.Date(2026, 5, 1, 8, 0, 0, 517_300_000, time.UTC),
	"<22>1 2026-05-01T10:00:00.5Z":                                                   time.Date(2026, 5, 1, 10, 0, 0, 500_000_000, time.UTC),
	"postfix-1  | Nov 23 15:00:00":                                                   time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC),
	"postfix-1  | 2026-05-01T10:00:00Z Nov 23 15:00:00":                              time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC),
	"2026-05-01T10:00:00.000000001Z Nov 23 15:00:00":                                 time.Date(2026, 5, 1, 10, 0, 0, 1, time.UTC),
	"2026-05-01T10:00:00+02:00 stdout F Nov 23 15:00:00":                             time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC),
	"dovecot: Nov 23 15:00:00":                                                       time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC),
	"dovecot: 2026-07-31 01:40:25":                                                   time.Date(2026, 7, 30, 23, 40, 25, 0, time.UTC),
	`{"log":"Nov 23 15:00:00 x\n","time":"2026-05-01T10:00:00.25Z"}`:                 time.Date(2026, 5, 1, 10, 0, 0, 250_000_000, time.UTC),
	`{"log":"\"time\":\"2020-05-01T10:00:00Z\"","time":"2026-05-01T10:00:00+02:00"}`: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC),
}

func TestWrappedStamps(t *testing.T) {
	loc, ref := berlin(t), time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for stamp, want := range wrappedStamps {
		line := []byte(stamp)
		if stamp[0] != '{' {
			line = append(line, afterStamp...)
		}
		if got, ok := Stamp(line, ref, loc); !ok || !got.Equal(want) {
			t.Errorf("%s: got %v %v, want %v", stamp, got, ok, want)
		}
		if got, ok := NewStamper(ref, loc).Stamp(line); !ok || !got.Equal(want) {
			t.Errorf("%s: a Stamper got %v %v", stamp, got, ok)
		}
	}
}

func TestStampWithAYear(t *testing.T) {
	loc := berlin(t)
	for stamp, want := range isoStamps {
		line := []byte(stamp + afterStamp)
		if got, ok := Stamp(line, time.Unix(0, 0), loc); !ok || !got.Equal(want) {
			t.Errorf("%s: got %v %v", stamp, got, ok)
		}
	}
}

func TestStampWithoutAYear(t *testing.T) {
	loc := berlin(t)
	at := func(year int, month time.Month, day, hour int) time.Time {
		return time.Date(year, month, day, hour, 0, 0, 0, loc)
	}
	for _, c := range []struct {
		stamp     string
		ref, want time.Time
	}{
		{"Nov 23 15:00:00", at(2026, 11, 23, 16), at(2026, 11, 23, 15)},
		{"Jul  3 15:00:00", at(2026, 11, 23, 16), at(2026, 7, 3, 15)},
		{"Jul 3 15:00:00", at(2026, 11, 23, 16), at(2026, 7, 3, 15)},
		{"Dec 31 23:00:00", at(2027, 1, 2, 0), at(2026, 12, 31, 23)},
		{"Jan  1 01:00:00", at(2026, 12, 31, 23), at(2027, 1, 1, 1)}, // the day of slack
		{"Nov 25 15:00:00", at(2026, 11, 23, 16), at(2025, 11, 25, 15)},
		{"Feb 29 01:00:00", at(2027, 1, 2, 0), at(2024, 2, 29, 1)},
		{"Feb 29 01:00:00", at(2103, 1, 2, 0), at(2096, 2, 29, 1)}, // 2100 is no leap year
		{"Mar  1 01:00:00", at(2027, 1, 2, 0), at(2026, 3, 1, 1)},
	} {
		got, ok := Stamp([]byte(c.stamp+afterStamp), c.ref, loc)
		if !ok || !got.Equal(c.want) {
			t.Errorf("%s before %s: got %v %v", c.stamp, c.ref, got, ok)
		}
	}
}

func TestNoStamp(t *testing.T) {
	for _, stamp := range []string{
		"", "Nov 23", "Nov 23 15:11", "Nov 31 15:11:28", "Nov  0 15:11:28", "Nox 23 15:11:28", "ovD 23 15:11:28", "Nov 23 24:11:28", "Nov 23 15:60:28", "Nov 23 15:11:61",
		"Nov 23 15-11-28", "2026-13-01T10:00:00Z", "2026-00-01T10:00:00Z", "2026-02-29T10:00:00Z", "2026-05-00T10:00:00Z", "2026-05-01T24:00:00Z",
		"2026-05-01T10:00:00X", "9000-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2026-05-01T10:00:00+2", "2026-05-01T10:00:00+02-00", "2026-05-01T10:00:00+020000", "20260501T100000Z",
		"2026-05-01T10:00:00.5173000000000000000000000000000+02:00",
		"@400000004c91b044077a9e9", "@400000004c91b044ffffffff", "@000000004c91b044077a9e94", "@ffffffffffffffff077a9e94", "@4000003fffffffff077a9e94", "@400000004c91b04407-a9e94",
		"Nov 23 15:11:28.", "Nov 23 15:11:28.1234567890", "<22>", "<22>1", "<x>Nov 23 15:11:28", "x | ", "x | y | Nov 23 15:11:28",
		`{"log":"x"}`, `{"log":"x","time":"2026"}`, `{"log":"x","time":"Nov 23 15:11:28     "}`, `{"log":"x","time":"2026-05-01T10:00:00Z`,
		`{"log":"\"time\":\"2020-05-01T10:00:00Z\""}`, `{"time":"2026-05-01T10:00:00Z"}`,
	} {
		if got, ok := Stamp([]byte(stamp+afterStamp), time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), time.UTC); ok {
			t.Errorf("%q: got %v", stamp, got)
		}
	}
}

func TestStamperIsStamp(t *testing.T) {
	loc, ref := berlin(t), time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	s := NewStamper(ref, loc)
	stamps := []string{"Oct 25 02:30:00", "Oct 25 02:30:00", "Oct 25 03:00:00", "nonsense", "Oct 25 03:00:00", "Nov 31 00:00:00", "Oct 25 03:00:00"}
	for stamp := range isoStamps {
		stamps = append(stamps, stamp, stamp, "Feb 29 01:00:00")
	}
	for _, stamp := range stamps {
		line := []byte(stamp + afterStamp)
		want, ok := Stamp(line, ref, loc)
		if got, okToo := s.Stamp(line); ok != okToo || !got.Equal(want) {
			t.Errorf("%s: got %v %v, want %v %v", stamp, got, okToo, want, ok)
		}
	}
}
