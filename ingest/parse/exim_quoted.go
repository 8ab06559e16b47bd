package parse

import (
	"bytes"
	"net/netip"
)

// maxReadings is how many places of a line may look like the end of a quoted
// command before nobody needs to look closer.
const maxReadings = 4

// eximQuoted finds the host in `"command" H=host` and what follows. Before
// Exim quoted quotes, the command could hold the same words, and an ident
// still can. So every place is tried, and there must be but one client.
// follows says whether the text after a host is the line's own.
func eximQuoted(b []byte, follows func(rest []byte) bool) (client netip.Addr, ok bool) {
	sep := []byte(`" H=`)
	for range maxReadings {
		_, next, found := bytes.Cut(b, sep)
		if !found {
			return client, client.IsValid()
		}
		b = next
		a, rest, named, ok := eximHost(b)
		if !ok || !named && !follows(rest) {
			continue
		}
		if client.IsValid() && client != a {
			return client, false
		}
		client = a
	}
	return client, client.IsValid() && !bytes.Contains(b, sep)
}
