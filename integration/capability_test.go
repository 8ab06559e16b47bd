package integration

import (
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestNeedsToReadLogs takes away the one capability of the unit that reading
// needs (TestRefusesToStart takes the other one): the mail log belongs to
// somebody else, and the service says that it cannot read it.
func TestNeedsToReadLogs(t *testing.T) {
	world(t)
	s := spawn(t, lab.Start{Capabilities: []string{"CAP_NET_ADMIN"}})
	if _, err := s.Log.Await(t.Context(), soon, lab.MailLog, "permission denied"); err != nil {
		t.Error(err)
	}
}
