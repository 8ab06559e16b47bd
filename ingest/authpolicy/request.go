package authpolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"

	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

// request is what we take from a request's body. What else the administrator
// lets Dovecot send is passed over.
type request struct {
	Login   string `json:"login"`
	PwHash  string `json:"pwhash"`
	Remote  string `json:"remote"`
	Session string `json:"session_id"`
	// Protocol is Dovecot's name of the service that asks, such as "imap" or,
	// for Postfix, "smtp".
	Protocol string `json:"protocol"`
	// Mech is not among what Dovecot sends by itself.
	Mech string `json:"mech"`
	// FailType is told by Dovecot 2.4.
	FailType string `json:"fail_type"`
	// Success is told in reports only.
	Success      *bool `json:"success"`
	PolicyReject bool  `json:"policy_reject"`
	// addr is Remote; it is not valid where the login came from nowhere, as
	// those of "doveadm auth test" do.
	addr netip.Addr
}

var (
	errNoSuccess = errors.New("a report does not tell whether the login worked")
	errCommand   = errors.New("the command is neither allow nor report")
)

// decode reads a body.
func (r *request) decode(body []byte) error {
	*r = request{}
	if err := json.Unmarshal(body, r); err != nil {
		return fmt.Errorf("read policy request: %w", err)
	}
	if r.Remote == "" {
		return nil
	}
	addr, err := netip.ParseAddr(r.Remote)
	if err != nil {
		return fmt.Errorf("read policy request: %w", err)
	}
	r.addr = addr.WithZone("").Unmap()
	return nil
}

// event makes ev of a report and reports whether it is one: not where the
// address is unknown or where no password was judged.
func (r *request) event(ev *policy.Event) (ok bool, err error) {
	if r.Success == nil {
		return false, errNoSuccess
	}
	*ev = policy.Event{Addr: r.addr, Service: policy.Dovecot, Witness: policy.WitnessPolicy}
	ev.Protocol = parse.Spoken([]byte(r.Protocol))
	ev.User, ev.Mechanism, ev.Detail = text(r.Login), text(r.Mech), text(r.FailType)
	if r.Session != "" {
		ev.Session = parse.SessionID([]byte(r.Session))
	}
	ev.Password = r.password()
	return r.addr.IsValid() && r.judge(ev), nil
}

// judge sets what became of the login, and is false where nobody has judged
// its password. Which reasons are no wrong password is settled as for the
// codes in the lines of Dovecot's login processes.
func (r *request) judge(ev *policy.Event) bool {
	switch {
	case r.PolicyReject:
		return false // we refused it ourselves, or another policy did
	case *r.Success:
		ev.Kind = policy.AuthOK
		return true
	}
	switch r.FailType {
	case "internal":
		// A name that the database does not take is one too.
		ev.Kind, ev.Excused, ev.Unproven = policy.BackendFault, 1, true
		return true
	case "expired", "disabled", "policy":
		return false
	}
	// "credentials", "account", and nothing: Dovecot 2.3, and what failed
	// although a password was found, such as a wrong answer to a challenge.
	ev.Kind, ev.Failures = policy.AuthFail, 1
	return true
}

// password makes a number of the password's hash; 0 where the hash is of no
// password. Dovecot puts the name into the hash and may cut it to 12 bits
// (auth_policy_hash_truncate), so that it is of use for one user only.
func (r *request) password() uint32 {
	switch r.Mech {
	case "", "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER":
	default:
		return 0 // the server never sees the password
	}
	if r.PwHash == "" || r.Login == "" {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(r.PwHash)) // never fails
	return max(h.Sum32(), 1)
}

// text is nil for what is not told.
func text(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}
