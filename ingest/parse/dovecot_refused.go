package parse

import "bytes"

// aboutLogin tells a login by its beginning.
func aboutLogin(msg []byte) bool {
	for _, begin := range []string{"Login: user=<", "Logged in: user=<", "Disconnected (auth failed, ", "Aborted login (auth failed, "} {
		if len(msg) > len(begin) && string(msg[:len(begin)]) == begin {
			return true
		}
	}
	return false
}

// cleartextRefused tells a client that would have sent its password in clear.
// It was told not to before any password could be judged. The word between
// was "plaintext" until Dovecot 2.4, and "disallowed" was "disabled" until 2.2.
func cleartextRefused(head []byte) bool {
	head, ok := bytes.CutSuffix(head, []byte(": "))
	if !ok {
		return false
	}
	if rest, ok := bytes.CutSuffix(head, []byte(" (cleartext_auth_disabled)")); ok {
		head = rest
	}
	i := bytes.LastIndex(head, []byte("(tried to use dis"))
	return i >= 0 && bytes.HasSuffix(head[i:], []byte(" auth)"))
}
