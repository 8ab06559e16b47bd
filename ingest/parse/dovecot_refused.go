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
	head, code := bytes.CutSuffix(head, []byte(" (cleartext_auth_disabled)"))
	i := bytes.LastIndex(head, []byte("(tried to use dis"))
	if i < 0 {
		return false
	}
	// Since 2.4 the number of attempts follows.
	return bytes.HasSuffix(head[i:], []byte(" auth)")) || code && bytes.Contains(head[i:], []byte(" auth, "))
}

// tooManyCommands tells a client that was thrown out for commands that are
// none, before it tried to log in. POP3's word for them is "bad", and until
// Dovecot 2.3 the word in front may stand twice (pop3-login/client.c).
func tooManyCommands(head []byte) bool {
	head, ok := bytes.CutPrefix(head, []byte("Login aborted: "))
	if !ok {
		if head, ok = bytes.CutPrefix(head, []byte("Disconnected: ")); !ok {
			return false
		}
		head = bytes.TrimPrefix(head, []byte("Disconnected: "))
	}
	if !bytes.HasPrefix(head, []byte("Too many invalid commands")) && !bytes.HasPrefix(head, []byte("Too many bad commands")) {
		return false
	}
	return bytes.Contains(head, []byte(" (no auth attempts"))
}
