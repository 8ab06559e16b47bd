package nft

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAdoptionAfter tells what two rounds of Ensure did together, of which it is
// not known whether the first was committed.
func TestAdoptionAfter(t *testing.T) {
	tests := map[string]struct{ last, earlier, want Adoption }{
		"only one round": {
			last: Adoption{Outcome: Kept, Protected: true},
			want: Adoption{Outcome: Kept, Protected: true},
		},
		"the first one built it": {
			last:    Adoption{Outcome: Kept, Protected: true},
			earlier: Adoption{Outcome: Built, Created: []string{"ban4", "ban4_24"}},
			want:    Adoption{Outcome: Built, Created: []string{"ban4", "ban4_24"}, Protected: true},
		},
		"the last one built it": {
			last:    Adoption{Outcome: Built, Created: []string{"ban4", "ban4_24"}},
			earlier: Adoption{Outcome: Kept, Created: []string{"ban4_24"}},
			want:    Adoption{Outcome: Built, Created: []string{"ban4", "ban4_24"}},
		},
		"enlarged after a set was lost": {
			last:    Adoption{Outcome: Rebuilt, Carried: 7},
			earlier: Adoption{Outcome: Kept, Created: []string{"ban4"}},
			want:    Adoption{Outcome: Rebuilt, Created: []string{"ban4"}, Carried: 7},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.last.after(tt.earlier)); diff != "" {
				t.Errorf("adoption (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLegibility has rules of others stand in the chain where ours are expected.
// That this kernel tells rules in another way follows from it only if nobody
// else changed anything.
func TestLegibility(t *testing.T) {
	t.Parallel()
	table, ns := unprotectedTable(t)
	gen, err := table.Generation()
	if err != nil {
		t.Fatal(err)
	}
	if !table.legible || !table.readsBack(gen) {
		t.Error("our own rules cannot be read back")
	}
	foreign(t, ns, func(b *batch) { b.flushChain("smtpbl", chainBlacklist) })
	if !table.readsBack(gen) {
		t.Error("rules count as illegible because another program changed them")
	}
	if table.readsBack(gen + 1) {
		t.Error("rules that are told in another way count as legible")
	}
}
