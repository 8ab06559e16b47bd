package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/wire"
)

// Result is how a script ended.
type Result struct {
	// Code is its exit code; 128 and the number of the signal that ended it.
	Code int
	// Output is what it printed on both standard output and standard error.
	Output string
}

// DefaultDeadline is what a script has where the context gives no deadline.
const DefaultDeadline = time.Minute

// Run runs a script with bash as root in the guest. An exit code other than 0 is
// no error; that the script could not be run, or was not done in time, is one.
// Its deadline is the context's, or DefaultDeadline times Slow.
func (m *VM) Run(ctx context.Context, script string) (Result, error) {
	var out bytes.Buffer
	code, err := m.Stream(ctx, script, &out)
	if err != nil {
		err = fmt.Errorf("%w, after it printed:\n%s", err, tail(out.String()))
	}
	return Result{code, out.String()}, err
}

// Must runs a script that has to end with exit code 0 and returns what it
// printed.
func (m *VM) Must(ctx context.Context, script string) (string, error) {
	r, err := m.Run(ctx, script)
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("exit code %d of %q:\n%s", r.Code, script, tail(r.Output))
	}
	return r.Output, err
}

// Stream is Run for a script that has much to say or takes long: what it prints
// goes to w as it comes.
func (m *VM) Stream(ctx context.Context, script string, w io.Writer) (int, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.Slow(DefaultDeadline))
		defer cancel()
	}
	deadline, _ := ctx.Deadline()
	conn := m.conn
	if conn == nil {
		return -1, ErrGone
	}
	c, err := conn.ask(wire.Run, wire.Command{Script: script, Deadline: time.Until(deadline)})
	if err != nil {
		return -1, fmt.Errorf("run %q: %w", script, err)
	}
	defer conn.end(c)
	code, err := output(ctx, c, w)
	if err != nil {
		if ctx.Err() != nil {
			_ = conn.send(wire.Frame{Kind: wire.Cancel, ID: c.id}) // fails only if the machine is gone
		}
		return -1, fmt.Errorf("run %q: %w", script, err)
	}
	return code, nil
}

// output copies what the script prints until it ends.
func output(ctx context.Context, c *call, w io.Writer) (int, error) {
	for {
		f, err := c.recv(ctx)
		if err != nil {
			return -1, err
		}
		if f.Kind == wire.Output {
			if _, err = w.Write(f.Payload); err != nil {
				return -1, err
			}
			continue
		}
		r, err := result(f, wire.Exit)
		if err == nil && r.Late {
			err = errors.New("not done at its deadline")
		}
		return r.Code, err
	}
}

// tail shortens s to what an error message can show.
func tail(s string) string {
	const most = 4000
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}
