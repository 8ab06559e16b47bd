package policy

// list orders records from the one seen last (front) to the one seen longest
// ago (back), linked through the records themselves.
type list struct{ front, back uint32 }

func (l *list) push(s *slab[record], i uint32) {
	r := s.at(i)
	r.prev, r.next = 0, l.front
	if l.front != 0 {
		s.at(l.front).prev = i
	} else {
		l.back = i
	}
	l.front = i
}

// linked tells whether record i, at r, is in l, where it can be in no other list.
func (r *record) linked(l *list, i uint32) bool { return r.prev != 0 || r.next != 0 || l.front == i }

func (l *list) remove(s *slab[record], i uint32) {
	r := s.at(i)
	if r.prev != 0 {
		s.at(r.prev).next = r.next
	} else {
		l.front = r.next
	}
	if r.next != 0 {
		s.at(r.next).prev = r.prev
	} else {
		l.back = r.prev
	}
	r.prev, r.next = 0, 0
}
