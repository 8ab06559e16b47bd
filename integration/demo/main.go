// Command demo shows smtpbl at work: a real attacker guesses passwords at a
// real Postfix with Dovecot, and each step from the log line to the dropped
// packet is shown as it happens. All of it runs in a laboratory (package lab)
// that leaves nothing behind.
//
// It needs root and ends with status 1 if anything it shows is not as it
// should be.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/smtpbl/smtpbl/integration/lab"
)

func main() {
	p := newPrinter(os.Stdout)
	l, err := lab.Enter(lab.Options{Say: p.progress})
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo: error:", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err = (&story{printer: p, lab: l}).tell(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo: error:", err)
		os.Exit(1)
	}
}
