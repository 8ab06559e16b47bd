package store

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store/boltfile"
	"github.com/smtpbl/smtpbl/policy"
)

// BenchmarkCheck measures what looking at the file before it is opened adds to a
// start.
func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			dir := b.TempDir()
			fill(b, dir, n)
			f, err := os.Open(filepath.Join(dir, FileName))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := boltfile.Check(f, info.Size()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(info.Size())/1e6, "file-MB")
		})
	}
}

// fill makes a history of n bans, which come in pieces as they do in life.
func fill(b *testing.B, dir string, n int) {
	b.Helper()
	s, _, _, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	const piece = 10_000
	var records []Record
	for i := range n {
		j := uint32(i) * 2654435761 // in no order
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(j >> 24), byte(j >> 16), byte(j >> 8), byte(j)}), 32)
		records = append(records, Record{Prefix: p, Rule: policy.RuleAuthFail, Step: policy.StepHost, Bans: 1, At: day, Until: day.Add(time.Hour), Reason: "5 failed logins in 1m0s"})
		if len(records) == piece || i == n-1 {
			err = errors.Join(err, s.Put(records))
			records = records[:0]
		}
	}
	if err := errors.Join(err, s.Close()); err != nil {
		b.Fatal(err)
	}
}
