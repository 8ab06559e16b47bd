package nft

import (
	"testing"
	"time"
)

// TestPace has transactions take a time for each element and looks at the sizes
// that come of it.
func TestPace(t *testing.T) {
	tests := []struct {
		name string
		each time.Duration
		want int
	}{
		{"without counters", 800 * time.Nanosecond, elementsPerBatch},
		{"with counters", 5 * time.Microsecond, 3_000},
		{"slow machine", 20 * time.Microsecond, 750},
		{"very slow machine", time.Millisecond, smallestPiece},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p pace
			for range 20 {
				n := p.next(false, 1_000_000)
				p.took(n, time.Duration(n)*tt.each)
			}
			if got := p.next(false, 1_000_000); got != tt.want {
				t.Errorf("%d elements, want %d", got, tt.want)
			}
		})
	}
}

// TestPaceOfSmallCalls keeps a call whole that fits into one transaction,
// however slow, and is not misled by a few elements.
func TestPaceOfSmallCalls(t *testing.T) {
	p := pace{elements: smallestPiece}
	if got := p.next(true, elementsPerBatch); got != elementsPerBatch {
		t.Errorf("%d elements of a call of %d", got, elementsPerBatch)
	}
	p.took(1, time.Second)
	if got := p.next(false, 3); got != 3 {
		t.Errorf("%d elements of 3 that are left", got)
	}
	if got := p.next(false, elementsPerBatch); got != smallestPiece {
		t.Errorf("%d elements of the rest of a large call, want %d", got, smallestPiece)
	}
}
