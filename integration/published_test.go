package integration

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestPublishedPort has port 587 of the mail server lead into a container, to
// another port, as Docker publishes ports. docs/INSTALL.md says which hook sees
// such packets, and with which port.
func TestPublishedPort(t *testing.T) {
	const inside = 10587 // not among the guarded ports
	tests := map[string]struct {
		config string
		closed bool // to whoever is banned
	}{
		"prerouting sees it with the published port":  {`hook = "prerouting"`, true},
		"prerouting never sees the container's port":  {fmt.Sprintf("hook = \"prerouting\"\nports = [%d, %d]", lab.PortSMTP, inside), false},
		"input does not see what goes to a container": {`hook = "input"`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := world(t)
			c, err := l.Publish(lab.PortSubmission, inside, "220 container")
			must(t, err)
			t.Cleanup(func() { must(t, l.Unpublish(c)) })
			serve(t, lab.Start{Config: "[nft]\n" + tt.config + "\n"})
			for _, addr := range []netip.Addr{attacker4(1), attacker6(1, 1)} {
				must(t, answers(l.Attacker, addr, lab.PortSubmission, "220 container"))
				earn(t, addr)
				silent, err := l.Attacker.Dropped(addr, lab.PortSMTP)
				must(t, err)
				if !silent {
					t.Errorf("%s is banned and reaches the server itself", addr)
				}
				silent, err = l.Attacker.Dropped(addr, lab.PortSubmission)
				must(t, err)
				if silent != tt.closed {
					t.Errorf("%s is banned and kept from the container: %v, want %v", addr, silent, tt.closed)
				}
			}
			must(t, answers(l.Neighbour, neighbour4, lab.PortSubmission, "220 container"))
		})
	}
}
