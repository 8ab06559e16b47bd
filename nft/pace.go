package nft

import "time"

const (
	// targetBatch is how long a transaction of a large call shall take. Other
	// writers of the kernel's firewall wait for one at a time; twice and more
	// of this is still below the 50 ms that they may have to.
	targetBatch = 15 * time.Millisecond
	// The bounds of a transaction of a large call, in elements. Below the
	// smallest, what a transaction costs by itself would show.
	firstPiece    = 2_500
	smallestPiece = 500
)

// pace is how many elements of a large call go into one transaction. It follows
// what transactions take: a counter for each element doubles that, replacing
// instead of adding again, and the machine may have other things to do.
type pace struct{ elements int }

// next returns the size of the next piece of a call with so many elements left.
// A call that fits into one transaction is one.
func (p *pace) next(whole bool, left int) int {
	if whole && left <= elementsPerBatch {
		return left
	}
	if p.elements == 0 {
		p.elements = firstPiece
	}
	return min(left, p.elements)
}

// took adapts to what a piece took. One slow transaction is not believed more
// than by half, one fast one not more than twice.
func (p *pace) took(elements int, took time.Duration) {
	if elements < smallestPiece {
		return
	}
	fits := int(float64(elements) * float64(targetBatch) / float64(max(took, time.Microsecond)))
	p.elements = min(max(fits, p.elements/2, smallestPiece), 2*p.elements, elementsPerBatch)
}
