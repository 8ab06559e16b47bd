package ufw

import "slices"

// with returns the text with the block of s in it: the same text if that is
// how it is already. A block that stands in the right place is changed there.
func (f family) with(text []byte, s Spec) ([]byte, error) {
	l, err := f.scan(text)
	if err != nil {
		return nil, err
	}
	if l.hasBlock() {
		if !f.wrote(string(text[l.begin:l.end])) {
			return nil, f.edited()
		}
		if l.inPlace() {
			return replace(text, l.begin, l.end, f.block(s)), nil
		}
		return f.with(replace(text, l.begin, l.end, ""), s)
	}
	if err := f.placeable(l); err != nil {
		return nil, err
	}
	return replace(text, l.insert, l.insert, f.block(s)), nil
}

// without returns the text without the block: the same text if it has none.
func (f family) without(text []byte) ([]byte, error) {
	l, err := f.scan(text)
	if err != nil || !l.hasBlock() {
		return text, err
	}
	if !f.wrote(string(text[l.begin:l.end])) {
		return nil, f.edited()
	}
	return replace(text, l.begin, l.end, ""), nil
}

// placeable tells why there is no place for the block.
func (f family) placeable(l *layout) error {
	switch {
	case l.established < 0:
		return &SyntaxError{File: f.file, Fault: "the table filter has no rule of " + f.input +
			" that accepts ESTABLISHED: the harness must stand before it; compare with /usr/share/ufw/iptables/" + f.file}
	case l.loopback < 0:
		return &SyntaxError{File: f.file, Fault: "no rule of " + f.input +
			" accepts loopback (-i lo) before the one that accepts ESTABLISHED: the harness must stand between them; compare with /usr/share/ufw/iptables/" + f.file}
	}
	return nil
}

func (f family) edited() error {
	return &SyntaxError{File: f.file, Fault: "the block of the harness was edited by hand: delete the lines from \"" +
		beginMark + "\" to \"" + endMark + "\", and smtpbl harness install writes them anew"}
}

// replace returns text with the bytes from begin to end replaced.
func replace(text []byte, begin, end int, by string) []byte {
	return slices.Concat(text[:begin], []byte(by), text[end:])
}
