package policy

// slab holds values in pages that never move, addressed by index; index 0 is
// none. Pages keep growth from copying everything, and values without
// pointers keep the garbage collector out.
type slab[T any] struct {
	pages []*[pageLen]T
	free  []uint32
	used  uint32 // indices ever handed out, with 0
}

// pageLen makes pages of records and of chunks whole numbers of 8 KiB, which
// is what the allocator hands out.
const pageLen = 2048

func (s *slab[T]) at(i uint32) *T { return &s.pages[i/pageLen][i%pageLen] }

// add returns the index of a zero value.
func (s *slab[T]) add() uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	s.used = max(s.used, 1)
	if int(s.used/pageLen) == len(s.pages) {
		s.pages = append(s.pages, new([pageLen]T))
	}
	s.used++
	return s.used - 1
}

func (s *slab[T]) remove(i uint32) {
	var zero T
	*s.at(i) = zero
	s.free = append(s.free, i)
}

// len is how many values are in use.
func (s *slab[T]) len() int { return max(int(s.used)-1, 0) - len(s.free) }
