package enforce

// reasons keeps each text once, however many bans share it: those of a policy
// differ in a few numbers only, and a list that was banned by hand has one.
type reasons struct {
	ids   map[string]uint32
	texts []reason
	spare []uint32
}

type reason struct {
	text string
	uses int
}

func newReasons() *reasons { return &reasons{ids: map[string]uint32{}} }

// keep returns the number of a text, which stays until it was released as
// often as it was kept.
func (r *reasons) keep(text string) uint32 {
	if id, ok := r.ids[text]; ok {
		r.texts[id].uses++
		return id
	}
	id := uint32(len(r.texts))
	if n := len(r.spare); n > 0 {
		id, r.spare = r.spare[n-1], r.spare[:n-1]
	} else {
		r.texts = append(r.texts, reason{})
	}
	r.texts[id] = reason{text, 1}
	r.ids[text] = id
	return id
}

func (r *reasons) release(id uint32) {
	t := &r.texts[id]
	if t.uses--; t.uses == 0 {
		delete(r.ids, t.text)
		*t = reason{}
		r.spare = append(r.spare, id)
	}
}

func (r *reasons) text(id uint32) string { return r.texts[id].text }
