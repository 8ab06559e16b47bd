package main

import (
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/nft"
)

func TestKernelLine(t *testing.T) {
	all := nft.Features{Destroy: true, Owner: true, Protect: true, TimeoutUpdate: true, SetCount: true}
	old := nft.Features{Owner: true}
	tests := []struct {
		name     string
		status   kernelStatus
		has, not string
	}{
		{"everything", kernelStatus{Release: "6.18.1", Protected: true, Lacks: lacks(all)}, "6.18.1, no other program can change the table", "another way"},
		{"unprotected by choice", kernelStatus{Release: "6.18.1", Lacks: lacks(all)}, "put right at once", "another way"},
		{"old", kernelStatus{Release: "6.1.0", Lacks: lacks(old)}, "done in another way here: removal of what may be missing (6.3), owned tables", "5.12"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := tt.status.line()
			if !strings.Contains(line, tt.has) || strings.Contains(line, tt.not) {
				t.Errorf("line %q: want %q in it and not %q", line, tt.has, tt.not)
			}
		})
	}
}
