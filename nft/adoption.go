package nft

import "slices"

// Outcome is what Ensure did about the table.
type Outcome string

// The outcomes.
const (
	Built   Outcome = "built"   // no table of ours stood; all sets are new and empty
	Kept    Outcome = "kept"    // the sets were kept as they are
	Rebuilt Outcome = "rebuilt" // the sets were made anew and the bans carried over
)

// Adoption reports what Ensure found and did.
type Adoption struct {
	Outcome Outcome
	// Created names the ban sets that are new and empty. If it is not empty
	// after Kept, somebody deleted a set and its bans are lost.
	Created []string
	// Carried is the number of bans that Rebuilt took over.
	Carried int
	// Protected says that no other process can change the table now.
	Protected bool
}

// after adds what an earlier round made: its sets are new, even if the last
// round found them.
func (a Adoption) after(earlier Adoption) Adoption {
	if earlier.Outcome == "" {
		return a
	}
	if a.Outcome == Kept {
		a.Outcome, a.Carried = earlier.Outcome, earlier.Carried
	}
	for _, set := range earlier.Created {
		if !slices.Contains(a.Created, set) {
			a.Created = append(a.Created, set)
		}
	}
	return a
}
