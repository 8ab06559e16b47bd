package main

// layAll connects the sender to servers on which nobody is banned, and to all
// holders. Even with an error it returns what was made.
func (b *bench) layAll(holders []*holder, n int) (tracks []*track, err error) {
	bare, err := b.layBare("no rule: the whole way", false)
	if err != nil {
		return nil, err
	}
	tracks = append(tracks, bare)
	if n == b.variantSize {
		if bare, err = b.layBare("no rule, with conntrack: the whole way", true); err != nil {
			return tracks, err
		}
		tracks = append(tracks, bare)
	}
	for _, h := range holders {
		t, err := b.sender.lay(h.ns, h.name, h.conntrack)
		if err != nil {
			return tracks, err
		}
		tracks = append(tracks, t)
		if o, ok := h.guard.(*own); ok {
			t.ours = o
			if err := banNets(o.Table, min(n, bannedNets)); err != nil {
				return tracks, err
			}
		}
	}
	return tracks, nil
}

// layBare connects the sender to a server without any ban.
func (b *bench) layBare(name string, conntrack bool) (*track, error) {
	ns, err := newNamespace()
	if err != nil {
		return nil, err
	}
	t, err := b.sender.lay(ns, name, conntrack)
	if err != nil {
		ns.close()
		return nil, err
	}
	t.server = ns
	return t, nil
}
