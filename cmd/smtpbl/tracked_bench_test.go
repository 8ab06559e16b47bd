package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
)

// BenchmarkTracked measures the memory of a service that has read a log with
// failed logins of a million addresses, each of which stays below its ban, and
// has written its checkpoint.
func BenchmarkTracked(b *testing.B) {
	for _, each := range []int{1, 4} {
		b.Run(fmt.Sprintf("failures=%d", each), func(b *testing.B) {
			const addresses = 1_000_000
			for b.Loop() {
				r := start(b, func(cfg *config.Config) {
					cfg.Policy = config.Default().Policy
					trackedLog(b, cfg.Ingest.Files[0], addresses, each)
				})
				r.awaitLines(addresses * each)
				time.Sleep(checkpointTime)
				r.reportCost()
				r.stop()
			}
		})
	}
}

// checkpointTime is how long after its last line the service has written what
// it counted.
const checkpointTime = 25 * time.Second

// trackedLog writes a log of the last 20 hours, with the failures of an address
// one after the other: each is in a net of its own, at an account of its own.
func trackedLog(b *testing.B, name string, addresses, each int) {
	b.Helper()
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	from, span := time.Now().Add(-20*time.Hour), 19*time.Hour
	for i := range addresses {
		at := from.Add(time.Duration(float64(span) * float64(i) / float64(addresses))).Format(time.RFC3339)
		n := 1<<16 + i
		addr := netip.AddrFrom4([4]byte{byte(n >> 16), byte(n >> 8), byte(n), 1})
		for range each {
			fmt.Fprintf(out, "%s mx1 postfix/smtpd[%d]: warning: unknown[%v]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=u%x@example.org\n",
				at, 1000+i%30000, addr, uint64(i)*0x9e3779b97f4a7c15)
		}
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// awaitLines waits until the service has read so many lines.
func (r *benchService) awaitLines(n int) {
	r.b.Helper()
	for {
		resp, err := control.Call(r.b.Context(), r.cfg.RuntimeDir, &control.Request{Op: control.OpStatus})
		var st status
		if err == nil {
			err = json.Unmarshal(resp.Status, &st)
		}
		if err != nil {
			r.b.Fatal(err)
		}
		if len(st.Sources) == 1 && st.Sources[0].Lines >= uint64(n) {
			r.b.ReportMetric(float64(st.Tracked), "tracked")
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}
