package enforce

import "github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"

func (t *table[A]) soonest() (store.Record, bool) {
	if len(t.ends) == 0 {
		return store.Record{}, false
	}
	return t.record(t.entry(t.ends[0])), true
}

// settle moves the entry at a place of the heap to where its end belongs.
func (t *table[A]) settle(place int) {
	for place > 0 && t.sooner(place, (place-1)/2) {
		t.swap(place, (place-1)/2)
		place = (place - 1) / 2
	}
	for {
		first := place
		for child := 2*place + 1; child <= 2*place+2 && child < len(t.ends); child++ {
			if t.sooner(child, first) {
				first = child
			}
		}
		if first == place {
			return
		}
		t.swap(place, first)
		place = first
	}
}

func (t *table[A]) sooner(i, j int) bool {
	return t.entry(t.ends[i]).until() < t.entry(t.ends[j]).until()
}

func (t *table[A]) swap(i, j int) {
	t.ends[i], t.ends[j] = t.ends[j], t.ends[i]
	t.entry(t.ends[i]).place, t.entry(t.ends[j]).place = uint32(i), uint32(j)
}
