// Command smtpbl keeps offenders away from a mail server: it reads the mail
// log, counts failed logins and bans with nftables sets. See smtpbl(8).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// signalTwin is how close two signals are one request to stop.
const signalTwin = 500 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once, but not the twin of the first:
	// timeout(1) and shells signal a process and its group.
	context.AfterFunc(ctx, func() { time.AfterFunc(signalTwin, stop) })
	os.Exit(run(ctx, os.Args[1:], env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}))
}
