// Command chaos breaks what smtpbl builds, as often and in as many ways as
// wanted, while packets of banned and of other addresses come in without pause,
// and shows whether anybody got through who should not, or was kept out who
// should not be.
//
// The real program runs in a laboratory (package lab) with the real nft
// command of Debian's package, once with protect_table and once without. With
// it the kernel refuses other programs' changes and nothing may ever leak;
// without it the service must heal within 50 ms.
//
// It needs root and ends with status 1 if a promise did not hold.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// promised is how long the service may take.
const promised = 50 * time.Millisecond

func main() {
	faults := flag.Int("faults", 20_000, "`number` of faults, half of them with protect_table")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "`number` that decides which faults come")
	mode := flag.String("mode", "", "protected or unprotected: all faults in this `mode`")
	only := flag.String("only", "", "only faults with this `text` in their names, such as kill")
	flag.Parse()
	l, err := enter()
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		err = both(ctx, l, options{faults: *faults, seed: *seed, only: *only}, *mode)
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos: error:", err)
		os.Exit(1)
	}
}

func enter() (*lab.Lab, error) {
	return lab.Enter(lab.Options{Say: progress, Packages: []string{"nftables"}, Program: true})
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "# "+format+"\n", args...) }

// both runs the modes, or the one that is asked for.
func both(ctx context.Context, l *lab.Lab, o options, only string) error {
	o.sessions, o.grace, o.say = true, promised, progress
	modes := []string{only}
	if only == "" {
		modes = []string{"protected", "unprotected"}
	}
	o.faults /= len(modes)
	var failed error
	for _, mode := range modes {
		o.protected = mode == "protected"
		progress("%s: %d faults, seed %d", mode, o.faults, o.seed)
		r, err := run(ctx, l, o)
		if err != nil {
			return err
		}
		r.print(os.Stdout)
		failed = errors.Join(failed, r.err())
	}
	return failed
}
