package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNamespaceIsOwn makes sure that what is done in a namespace is not done to
// the machine.
func TestNamespaceIsOwn(t *testing.T) {
	needNamespaces(t)
	ns, err := newNamespace()
	if err != nil {
		t.Fatal(err)
	}
	defer ns.close()
	var inside string
	err = ns.do(func() (err error) {
		inside, err = network()
		return err
	})
	outside, errOutside := network()
	if err != nil || errOutside != nil || inside == outside {
		t.Errorf("inside is %q, outside %q, %v, %v", inside, outside, err, errOutside)
	}
}

// TestRunSaysWhatFailed looks for a program's complaint in the error.
func TestRunSaysWhatFailed(t *testing.T) {
	needNamespaces(t)
	ns, err := newNamespace()
	if err != nil {
		t.Fatal(err)
	}
	defer ns.close()
	err = ns.run(exec.Command("sh", "-c", "echo no such luck >&2; yes | head -c 5000; exit 3"))
	if err == nil || !strings.Contains(err.Error(), "no such luck") || len(err.Error()) > 1200 {
		t.Errorf("got %v", err)
	}
}

// TestSink sends packets through a cable and finds as many at its end.
func TestSink(t *testing.T) {
	needNamespaces(t)
	s, err := newSender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	server, err := newNamespace()
	if err != nil {
		t.Fatal(err)
	}
	defer server.close()
	for _, conntrack := range []bool{false, true} {
		if conntrack {
			if server, err = newNamespace(); err != nil {
				t.Fatal(err)
			}
			defer server.close()
		}
		track, err := s.lay(server, "server", conntrack)
		if err != nil {
			t.Fatal(err)
		}
		defer track.close()
		for _, src := range []func(i int) []byte{
			func(i int) []byte { return syn(clean4(i), 25) },
			func(i int) []byte { return syn(clean6(i), 25) },
		} {
			before, err := track.sink.passed()
			if err != nil {
				t.Fatal(err)
			}
			sent, each, err := s.run(t.Context(), track.fd, newTrain(perCall, src), 0)
			if err != nil || each < 0 {
				t.Fatal(each, err)
			}
			after, err := track.sink.passed()
			if err != nil {
				t.Fatal(err)
			}
			if after-before != uint64(sent) {
				t.Errorf("conntrack %t: %d packets of %d arrived", conntrack, after-before, sent)
			}
		}
	}
}
