package nft

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Errors that callers branch on. Each is wrapped together with the errno that
// the kernel gave, so both can be found with errors.Is.
var (
	// ErrNoNFTables says that this kernel cannot do nf_tables.
	ErrNoNFTables = errors.New("this kernel has no nf_tables for the inet family: load the modules nf_tables and nf_tables_inet, or boot a kernel that has CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET")
	// ErrPermission says that the process may not talk to nf_tables, or may not
	// end connections.
	ErrPermission = errors.New("no permission to use nf_tables: run as root or with CAP_NET_ADMIN")
	// ErrNoSockDestroy says that this kernel cannot end connections.
	ErrNoSockDestroy = errors.New("this kernel cannot end the connections of others: boot one that has CONFIG_INET_DIAG and CONFIG_INET_DIAG_DESTROY, or do without")
	// ErrOwned says that the socket of another process owns the table.
	ErrOwned = errors.New("the table is owned by another running process: ask that process to make the change, or stop it first")
	// ErrForeign says that a table of the wanted name was made by something else.
	ErrForeign = errors.New("a table of this name exists and was not made by this program: choose another name, or delete that table")
	// ErrTableGone says that the table or one of its sets is missing: Ensure
	// builds it again.
	ErrTableGone = errors.New("the table or a part of it is missing in the kernel")
	// ErrFull says that a set has as many elements as it may have; a FullError
	// tells which. Nothing of the transaction was applied.
	ErrFull = errors.New("the set is full: lift bans that end soon, or allow more of them")
	// ErrGroupTaken says that another program reads the NFLOG group.
	ErrGroupTaken = errors.New("another program reads this NFLOG group: choose a group that is free (/proc/net/netfilter/nfnetlink_log lists those in use), or stop that program")
	// ErrNoNFLog says that this kernel cannot copy packets to programs.
	ErrNoNFLog = errors.New("this kernel has no NFLOG: load the module nfnetlink_log, or do without copies of dropped packets")
	// ErrPrefix says that a prefix cannot be banned.
	ErrPrefix = errors.New("prefix cannot be banned")
	// ErrConfig says that a Config cannot be built.
	ErrConfig = errors.New("nft configuration is not valid")
)

// FullError names the set that is full. It is ErrFull. A transaction that fills
// several sets is refused for the first of them.
type FullError struct {
	Set string // as Key.Set tells it
	err error
}

func (e *FullError) Error() string { return fmt.Sprintf("set %s: %v: %v", e.Set, ErrFull, e.err) }

// Unwrap returns ErrFull and what the kernel said.
func (e *FullError) Unwrap() []error { return []error{ErrFull, e.err} }

// errUnconfirmed says that the kernel answered a transaction with neither an
// acknowledgement nor an error: it may have been committed or not.
var errUnconfirmed = errors.New("the kernel did not confirm the transaction")

// messageError is the kernel's refusal of one message of a transaction.
type messageError struct {
	errno unix.Errno
	index int // position of the message in the batch; 0 is the begin marker
}

func (e *messageError) Error() string {
	return fmt.Sprintf("message %d: %v", e.index, e.errno)
}

func (e *messageError) Unwrap() error { return e.errno }

// classify adds to an error of a transaction or a request the sentinel that
// tells the caller what to do about it.
func classify(err error) error {
	var refusal *messageError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%w: %w", ErrTableGone, err)
	case errors.Is(err, ErrFull):
		return err
	case errors.Is(err, unix.ENFILE):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT):
		return fmt.Errorf("%w: %w", ErrNoNFTables, err)
	case errors.As(err, &refusal) && refusal.index == 0:
		return classifyBegin(refusal)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: %w", ErrOwned, err)
	}
	return err
}

// classifyBegin explains why a whole batch was refused. nfnetlink_rcv answers
// the first message with EPERM when CAP_NET_ADMIN is missing, before it looks
// at anything else, and with EOPNOTSUPP when the nf_tables subsystem is not
// there (net/netfilter/nfnetlink.c).
func classifyBegin(refusal *messageError) error {
	switch refusal.errno { //nolint:exhaustive // the others need no explanation
	case unix.EPERM:
		return fmt.Errorf("%w: %w", ErrPermission, refusal)
	case unix.EOPNOTSUPP, unix.EINVAL:
		return fmt.Errorf("%w: %w", ErrNoNFTables, refusal)
	}
	return refusal
}
