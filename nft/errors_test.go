package nft

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// TestClassify gives each errno the sentinel that the caller acts on, and keeps
// the errno reachable.
func TestClassify(t *testing.T) {
	refusal := func(errno unix.Errno, index int) error { return &messageError{errno: errno, index: index} }
	tests := []struct {
		err  error
		want error
	}{
		{unix.EPROTONOSUPPORT, ErrNoNFTables},
		{unix.EAFNOSUPPORT, ErrNoNFTables},
		{refusal(unix.EOPNOTSUPP, 0), ErrNoNFTables},
		{refusal(unix.EINVAL, 0), ErrNoNFTables},
		{refusal(unix.EPERM, 0), ErrPermission},
		{refusal(unix.EPERM, 1), ErrOwned},
		{refusal(unix.ENOENT, 3), ErrTableGone},
		{refusal(unix.ENFILE, 3), ErrFull},
	}
	sentinels := []error{ErrNoNFTables, ErrPermission, ErrOwned, ErrTableGone, ErrFull}
	for _, tt := range tests {
		got := classify(fmt.Errorf("do something: %w", tt.err))
		for _, sentinel := range sentinels {
			if errors.Is(got, sentinel) != errors.Is(tt.want, sentinel) {
				t.Errorf("classify(%v) = %v, want %v only", tt.err, got, tt.want)
			}
		}
		if !errors.Is(got, tt.err) && !errors.As(got, new(*messageError)) {
			t.Errorf("classify(%v) = %v lost the cause", tt.err, got)
		}
	}
	for _, err := range []error{nil, refusal(unix.EINVAL, 2), refusal(unix.EBUSY, 0), errUnconfirmed} {
		if got := classify(err); !errors.Is(got, err) || errors.Is(got, ErrNoNFTables) {
			t.Errorf("classify(%v) = %v, want it unchanged", err, got)
		}
	}
}
