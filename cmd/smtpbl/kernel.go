package main

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft"
)

// kernelStatus tells which kernel enforces the bans and what it can do.
type kernelStatus struct {
	Release string `json:"release"`
	// Protected says that no other program can change the table. Without it,
	// what others do to the table is noticed and put right.
	Protected bool `json:"table_protected"`
	// Lacks names what newer kernels can do. All of it is done in another way
	// here.
	Lacks []string `json:"lacks"`
}

func (s *service) kernelStatus() *kernelStatus {
	if s.table == nil {
		return nil
	}
	f := s.table.Features()
	return &kernelStatus{Release: kernelRelease(), Protected: s.cfg.NFT.ProtectTable && f.Protect, Lacks: lacks(f)}
}

// lacks lists what the kernel cannot do, with the version that can.
func lacks(f nft.Features) []string {
	out := []string{}
	for _, x := range []struct {
		has  bool
		what string
	}{
		{f.Owner, "tables with an owner (5.12)"},
		{f.Destroy, "removal of what may be missing (6.3)"},
		{f.Protect, "owned tables that outlive their owner (6.9)"},
		{f.TimeoutUpdate, "new timeouts for elements that stand (6.12)"},
		{f.SetCount, "the number of elements of a set (6.16)"},
	} {
		if !x.has {
			out = append(out, x.what)
		}
	}
	return out
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

func (k *kernelStatus) line() string {
	text := k.Release + ", other programs can change the table, which is put right at once"
	if k.Protected {
		text = k.Release + ", no other program can change the table"
	}
	if len(k.Lacks) > 0 {
		text += "; done in another way here: " + strings.Join(k.Lacks, ", ")
	}
	return text
}
