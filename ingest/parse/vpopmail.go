package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// vpopmail parses "vchkpw[-<service>]: <what happened> <U>:<ip>" (vpopmail,
// vchkpw.c). What happened may hold the password, so it is not shown.
func vpopmail(msg []byte, ev *policy.Event) bool {
	b, ok := bytes.CutPrefix(msg, []byte("vchkpw"))
	if !ok {
		return false
	}
	service := b[:name(b)]
	if b, ok = bytes.CutPrefix(b[len(service):], []byte(": ")); !ok {
		return false
	}
	kind := vpopmailKind(b)
	if kind == 0 {
		return false
	}
	a, user, ok := vpopmailClient(b)
	if !ok {
		return unread(ev, policy.Qmail)
	}
	*ev = policy.Event{
		Addr: a, Kind: kind, Service: policy.Qmail, Protocol: Spoken(bytes.TrimPrefix(service, []byte("-"))),
		Witness: policy.WitnessMTA, User: user,
	}
	if kind == policy.AuthFail {
		ev.Failures = 1
	}
	return true
}

func vpopmailKind(b []byte) policy.Kind {
	for _, known := range vpopmailRefusals {
		if bytes.HasPrefix(b, known) {
			return policy.AuthFail
		}
	}
	if c, ok := bytes.CutPrefix(b, []byte("(")); ok {
		_, b, _ = bytes.Cut(c[name(c):], []byte(") ")) // the mechanism, since 5.4
	}
	if bytes.HasPrefix(b, []byte("login success ")) {
		return policy.AuthOK
	}
	return 0
}

var vpopmailRefusals = [][]byte{
	[]byte("password fail "), []byte("vpopmail user not found "), []byte("null password given "), []byte("null user name given "),
	[]byte("system password fail "), []byte("system user not found "), []byte("invalid user/domain characters "),
}

// vpopmailClient reads "<U>:<ip>" from the right. In front of an IPv6 address
// the user name could end in more than one place, so that one is not read;
// what is read of a mapped address is the same however one reads it.
func vpopmailClient(b []byte) (a netip.Addr, user []byte, ok bool) {
	i := bytes.LastIndexByte(b, ':')
	if i < 0 {
		return a, nil, false
	}
	quad, n := dotted(b[i+1:])
	if n == 0 || n < len(b)-i-1 {
		return a, nil, false
	}
	user = bytes.TrimSuffix(b[:i], []byte(":::ffff"))
	user = user[bytes.LastIndexByte(user, ' ')+1:]
	return netip.AddrFrom4(quad), bytes.TrimSuffix(user, []byte("@")), true
}
