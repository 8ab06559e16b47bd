package traffic

import (
	"testing"
	"time"
)

func TestPulseWithin(t *testing.T) {
	p := &pulse{gaps: make([][]gap, 2)}
	p.remember(0, gap{100, 120})
	p.remember(0, gap{150, 160})
	p.remember(1, gap{90, 115})
	for _, tt := range []struct{ from, to, want time.Duration }{
		{0, 90, 0},
		{0, 200, 30},
		{110, 155, 15},
		{0, 112, 22},
		{160, 300, 0},
	} {
		if got := p.within(tt.from, tt.to); got != tt.want {
			t.Errorf("between %d and %d: %d, want %d", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestPulseForgets(t *testing.T) {
	p := &pulse{gaps: make([][]gap, 1)}
	for i := range 10 * remembered {
		at := time.Duration(100 * i)
		p.remember(0, gap{at, at + 1})
	}
	if n := len(p.gaps[0]); n > remembered {
		t.Errorf("%d are kept", n)
	}
	last := time.Duration(100 * (10*remembered - 1))
	if got := p.within(last-50, last+50); got != 1 {
		t.Errorf("the last one: %d", got)
	}
}
