package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/wire"
)

// driver is the other end of an agent that serves.
type driver struct {
	t *testing.T
	net.Conn
	ended chan error
}

func serving(t *testing.T) *driver {
	t.Helper()
	here, there := net.Pipe()
	d := &driver{t, here, make(chan error, 1)}
	go func() { d.ended <- newServer(there).loop(there); _ = there.Close() }()
	t.Cleanup(func() { _ = here.Close() })
	return d
}

func (d *driver) send(kind wire.Kind, id uint32, payload any) {
	d.t.Helper()
	f, err := wire.Pack(kind, id, payload)
	if err == nil {
		err = wire.Write(d, f)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// until reads frames up to one of a kind and returns its result and what the
// others carried.
func (d *driver) until(kind wire.Kind, id uint32) (wire.Result, string) {
	d.t.Helper()
	var text strings.Builder
	for {
		f, err := wire.Read(d)
		if err != nil {
			d.t.Fatal(err)
		}
		if f.ID != id {
			d.t.Errorf("an answer for %d, want %d", f.ID, id)
		}
		if f.Kind != kind {
			text.Write(f.Payload)
			continue
		}
		r, err := wire.Unpack[wire.Result](f)
		if err != nil {
			d.t.Fatal(err)
		}
		return r, text.String()
	}
}

func TestRun(t *testing.T) {
	for name, tt := range map[string]struct {
		command wire.Command
		result  wire.Result
		output  string
	}{
		"both outputs in order":   {wire.Command{Script: "echo a; echo b >&2; echo c; exit 3"}, wire.Result{Code: 3}, "a\nb\nc\n"},
		"a signal":                {wire.Command{Script: "kill -TERM $$"}, wire.Result{Code: 143}, ""},
		"its deadline":            {wire.Command{Script: "echo x; sleep 60 & wait", Deadline: 200 * time.Millisecond}, wire.Result{Code: 137, Late: true}, "x\n"},
		"more than fits a frame":  {wire.Command{Script: "head -c 200000 /dev/zero | tr '\\0' x"}, wire.Result{}, strings.Repeat("x", 200000)},
		"what goes on afterwards": {wire.Command{Script: "sleep 5 & echo done"}, wire.Result{}, "done\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			d := serving(t)
			began := time.Now()
			d.send(wire.Run, 5, tt.command)
			r, output := d.until(wire.Exit, 5)
			if r != tt.result || output != tt.output {
				t.Errorf("result %+v with %d bytes %.40q, want %+v with %d", r, len(output), output, tt.result, len(tt.output))
			}
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	d := serving(t)
	d.send(wire.Run, 5, wire.Command{Script: "echo started; sleep 60"})
	if f, err := wire.Read(d); err != nil || f.Kind != wire.Output {
		t.Fatalf("%+v, %v", f, err)
	}
	d.send(wire.Cancel, 5, nil)
	d.send(wire.Cancel, 6, nil) // no such command: it may just have ended
	if r, _ := d.until(wire.Exit, 5); r.Code != 137 || r.Late {
		t.Errorf("result %+v, want that of SIGKILL before any deadline", r)
	}
}

func TestFiles(t *testing.T) {
	d := serving(t)
	name := filepath.Join(t.TempDir(), "new", "file")
	d.send(wire.Put, 1, wire.File{Path: name, Mode: 0o750})
	for _, part := range []string{"hello ", "world", ""} {
		if err := wire.Write(d, wire.Frame{Kind: wire.Data, ID: 1, Payload: []byte(part)}); err != nil {
			t.Fatal(err)
		}
	}
	if r, _ := d.until(wire.Done, 1); r != (wire.Result{}) {
		t.Fatalf("put: %+v", r)
	}
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o750 {
		t.Errorf("the file is %v (%v)", info.Mode(), err)
	}
	d.send(wire.Get, 2, wire.File{Path: name})
	if r, text := d.until(wire.Done, 2); r != (wire.Result{}) || text != "hello world" {
		t.Errorf("get: %+v, %q", r, text)
	}
	for path, want := range map[string]string{name + "-not": "no such file", filepath.Dir(name): "is a directory"} {
		d.send(wire.Get, 3, wire.File{Path: path})
		if r, _ := d.until(wire.Done, 3); r.Code == 0 || !strings.Contains(r.Error, want) {
			t.Errorf("get %s: %+v, want %q", path, r, want)
		}
	}
}

func TestWhatIsNotForTheAgentEndsIt(t *testing.T) {
	for name, bad := range map[string]wire.Frame{
		"an answer":        {Kind: wire.Pong},
		"data for no file": {Kind: wire.Data, Payload: []byte("x")},
		"a broken command": {Kind: wire.Run, Payload: []byte(`{"script": 1`)},
	} {
		t.Run(name, func(t *testing.T) {
			d := serving(t)
			if err := wire.Write(d, bad); err != nil {
				t.Fatal(err)
			}
			if err := <-d.ended; !errors.Is(err, wire.ErrFrame) {
				t.Errorf("error %v, want ErrFrame", err)
			}
		})
	}
}
