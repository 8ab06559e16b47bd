package policy

// honeypots are the login names that nobody has, in lower case.
type honeypots map[string]struct{}

// longestHoneypot bounds what is compared.
const longestHoneypot = 255

func newHoneypots(names []string) honeypots {
	h := make(honeypots, len(names))
	for _, n := range names {
		lower := []byte(n)
		for i := range lower {
			lower[i] = lowerASCII(lower[i])
		}
		h[string(lower)] = struct{}{}
	}
	return h
}

// has tells whether name is one of them, without regard to the case of ASCII
// letters. One without a domain stands for all domains.
func (h honeypots) has(name []byte) bool {
	if len(h) == 0 || len(name) == 0 || len(name) > longestHoneypot {
		return false
	}
	var buf [longestHoneypot]byte
	lower, local := buf[:len(name)], len(name)
	for i, c := range name {
		if c == '@' && local == len(name) {
			local = i
		}
		lower[i] = lowerASCII(c)
	}
	if _, ok := h[string(lower)]; ok {
		return true
	}
	_, ok := h[string(lower[:local])]
	return ok
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}
