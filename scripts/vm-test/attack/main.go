// Attack tries to log in at a mail server from any number of addresses, and
// tells for each attempt how it ended: one JSON object a line.
//
// It is what a virtual machine's tests use as the view from outside. In the
// machine its addresses are local ones of a network namespace, so a plain
// bind(2) makes any of them the source.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

const usage = `usage: attack -to ADDR[,ADDR] [options] SOURCE…

Each SOURCE is an address to come from, and all work at the same time. With a
-user each attempt is a login in a connection of its own; without, it ends with
the server's greeting. Port 465 is spoken to with TLS, 587 with STARTTLS.

An attempt's outcome is the server's last answer (535, 235, 454 …), "greeting",
or what happened instead: timeout, refused, reset, closed, or error.

`

// options are what the command line says.
type options struct {
	to        []netip.Addr // of each family at most one is used
	port      uint16
	mechanism string
	user      string
	password  string
	recipient string        // who gets a mail after a login that works
	attempts  int           // by each source; 0 is until the end
	every     time.Duration // begins the next without waiting for the one before
	lasting   time.Duration // the end
	connect   time.Duration // how long for the connection
	answer    time.Duration // how long for each of the server's answers
	hold      time.Duration // keeps the connection so long, or until it breaks
	sources   []netip.Addr
}

func main() {
	// A second signal ends at once.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(stderr, "attack: %v\n", err)
		}
		return 2
	}
	if o.lasting > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.lasting)
		defer cancel()
	}
	out := &printer{to: json.NewEncoder(stdout)}
	var all sync.WaitGroup
	for _, source := range o.sources {
		all.Go(func() { o.attack(ctx, source, out.print) })
	}
	all.Wait()
	if out.err != nil {
		fmt.Fprintf(stderr, "attack: %v\n", out.err)
		return 1
	}
	return 0
}

// printer writes the lines of all sources.
type printer struct {
	mu  sync.Mutex
	to  *json.Encoder
	err error
}

func (p *printer) print(a Attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = errors.Join(p.err, p.to.Encode(a))
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	set := flag.NewFlagSet("attack", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprint(stderr, usage)
		set.PrintDefaults()
	}
	to := set.String("to", "", "the mail server's `addresses`, one of each family")
	port := set.Uint("port", 25, "25, 465 or 587")
	set.StringVar(&o.mechanism, "mechanism", "PLAIN", "PLAIN, LOGIN or CRAM-MD5")
	set.StringVar(&o.user, "user", "", "who to log in as")
	set.StringVar(&o.password, "password", "wrong", "the password")
	set.StringVar(&o.recipient, "send", "", "send a mail to this `address` after a login that works")
	set.IntVar(&o.attempts, "attempts", 1, "how many by each source, 0 = until -for or a signal")
	set.DurationVar(&o.every, "every", 0, "begin one so often, however long they take; 0 = one after the other")
	set.DurationVar(&o.lasting, "for", 0, "begin no more after so long")
	set.DurationVar(&o.connect, "connect", 10*time.Second, "how long to wait for a connection")
	set.DurationVar(&o.answer, "answer", 30*time.Second, "how long to wait for each of the server's answers")
	set.DurationVar(&o.hold, "hold", 0, "keep each connection open so long, and tell how it ended")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if *port == 0 || *port > 65535 {
		return nil, fmt.Errorf("-port %d: there is no such port", *port)
	}
	o.port = uint16(*port)
	var err error
	if o.to, err = addresses(strings.Split(*to, ",")); err != nil {
		return nil, fmt.Errorf("-to: %w", err)
	}
	if o.sources, err = addresses(set.Args()); err != nil {
		return nil, err
	}
	if len(o.sources) == 0 {
		return nil, errors.New("which source? see -help")
	}
	for _, source := range o.sources {
		if _, err := o.server(source); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func addresses(texts []string) ([]netip.Addr, error) {
	addrs := make([]netip.Addr, 0, len(texts))
	for _, text := range texts {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, err
		}
		addrs = append(addrs, addr)
	}
	return addrs, nil
}

// server returns where a source reaches the mail server.
func (o *options) server(source netip.Addr) (netip.AddrPort, error) {
	for _, addr := range o.to {
		if addr.Is4() == source.Is4() {
			return netip.AddrPortFrom(addr, o.port), nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("-to has no address that %s could reach", source)
}
