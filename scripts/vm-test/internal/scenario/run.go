// Package scenario checks smtpbl in a machine that is a mail server, from the
// outside.
package scenario

import (
	"context"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/vm"
)

// Run does all checks in m, which has been started and has settled. Its error is
// why it could not go on; what is merely wrong is in r.
func Run(ctx context.Context, m *vm.VM, r *Report) error {
	r.CheckErr("the system is running, no unit has failed", m.Settled(ctx))
	return nil
}
