package authpolicy

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

// v23 and v24 are the beginnings of requests with the attributes that Dovecot
// 2.3.19 and 2.4.4 send unless told otherwise.
const (
	v23 = `{"device_id":"","login":"alice","protocol":"imap","pwhash":"0a1b","remote":"192.0.2.7","session_id":"s1",`
	v24 = `{"device_id":"","fail_type":"%","login":"alice","protocol":"imap","pwhash":"0a1b","remote":"192.0.2.7","session_id":"s1",`
)

func v24Why(failType string) string {
	const head = `{"device_id":"","fail_type":"`
	return head + failType + v24[len(head)+1:]
}

var sameAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestReport(t *testing.T) {
	base := policy.Event{
		Addr: netip.MustParseAddr("192.0.2.7"), Service: policy.Dovecot, Protocol: policy.IMAP, Witness: policy.WitnessPolicy,
		Session: parse.SessionID([]byte("s1")), User: []byte("alice"),
	}
	failed, worked, fault := base, base, base
	failed.Kind, failed.Failures, worked.Kind = policy.AuthFail, 1, policy.AuthOK
	fault.Kind, fault.Excused, fault.Unproven = policy.BackendFault, 1, true
	because := func(ev policy.Event, why string) *policy.Event { ev.Detail = []byte(why); return &ev }
	tests := []struct {
		name, body string
		want       *policy.Event // nil: no event
	}{
		{"2.3, failed", v23 + `"success":false,"policy_reject":false,"tls":false}`, &failed},
		{"2.3, worked", v23 + `"success":true,"policy_reject":false,"tls":true}`, &worked},
		{"2.3, we refused", v23 + `"success":false,"policy_reject":true,"tls":true}`, nil},
		{"2.4, wrong password", v24Why("credentials") + `"success":false,"policy_reject":false,"tls":false}`, because(failed, "credentials")},
		{"2.4, no such user", v24Why("account") + `"success":false,"policy_reject":false,"tls":false}`, because(failed, "account")},
		{"2.4, wrong answer to a challenge", v24Why("") + `"success":false,"policy_reject":false,"tls":false}`, &failed},
		{"2.4, worked", v24Why("") + `"success":true,"policy_reject":false,"tls":false}`, &worked},
		{"2.4, database down", v24Why("internal") + `"success":false,"policy_reject":false,"tls":false}`, because(fault, "internal")},
		{"2.4, account expired", v24Why("expired") + `"success":false,"policy_reject":false,"tls":false}`, nil},
		{"2.4, account disabled", v24Why("disabled") + `"success":false,"policy_reject":false,"tls":false}`, nil},
		{"2.4, refused", v24Why("policy") + `"success":false,"policy_reject":true,"tls":false}`, nil},
		{"no address", `{"login":"alice","remote":"","success":false}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r request
			if err := r.decode([]byte(test.body)); err != nil {
				t.Fatal(err)
			}
			var got policy.Event
			ok, err := r.event(&got)
			if err != nil || ok != (test.want != nil) {
				t.Fatalf("event: %v, error: %v", ok, err)
			}
			if !ok {
				return
			}
			if diff := cmp.Diff(*test.want, got, sameAddr, cmpopts.IgnoreFields(policy.Event{}, "Password")); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
			if got.Password == 0 {
				t.Error("the password has no number")
			}
		})
	}
}

func TestProtocol(t *testing.T) {
	for name, want := range map[string]policy.Protocol{
		"imap": policy.IMAP, "pop3": policy.POP3, "sieve": policy.Sieve, "submission": policy.SMTP, "smtp": policy.SMTP,
		"doveadm": 0, "": 0, "IMAP\u0000": 0,
	} {
		r := request{Remote: "192.0.2.7", Protocol: name, Success: new(bool), addr: netip.MustParseAddr("192.0.2.7")}
		var ev policy.Event
		if ok, err := r.event(&ev); !ok || err != nil || ev.Protocol != want {
			t.Errorf("%q: got %v, %v, %v; want %v", name, ok, err, ev.Protocol, want)
		}
	}
}

func TestPasswordNumber(t *testing.T) {
	number := func(r request) uint32 { return r.password() }
	one := number(request{Login: "alice", PwHash: "0a1b"})
	if one == 0 || one != number(request{Login: "alice", PwHash: "0a1b", Mech: "PLAIN"}) {
		t.Error("equal hashes have different numbers, or none")
	}
	if one == number(request{Login: "alice", PwHash: "0a1c"}) {
		t.Error("different hashes have one number")
	}
	for _, r := range []request{
		{Login: "alice", PwHash: "0a1b", Mech: "CRAM-MD5"}, // a hash of the name alone
		{Login: "alice", PwHash: "0a1b", Mech: "SCRAM-SHA-256"},
		{Login: "alice"},
		{PwHash: "0a1b"},
	} {
		if n := number(r); n != 0 {
			t.Errorf("%+v has the number %d", r, n)
		}
	}
}

func TestAddresses(t *testing.T) {
	tests := map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8::1": "2001:db8::1", "fe80::1%eth0": "fe80::1",
		"": "invalid IP", "192.0.2.007": "", "192.0.2.7,": "", "192.0.2.7/32": "", "mail.example": "", "192.0.2": "",
	}
	for remote, want := range tests {
		var r request
		err := r.decode([]byte(`{"remote":"` + remote + `"}`))
		if (err != nil) != (want == "") {
			t.Errorf("%q: %v", remote, err)
		} else if err == nil && r.addr.String() != want {
			t.Errorf("%q is %v, want %v", remote, r.addr, want)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(v23 + `"success":false,"policy_reject":false,"tls":false}`))
	f.Add([]byte(v24Why("internal") + `"success":false,"policy_reject":false,"tls":false}`))
	f.Add([]byte(`{"remote":"::ffff:192.0.2.7","success":true,"login":"\ud800"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var r request
		if r.decode(body) != nil {
			return
		}
		var ev policy.Event
		ok, err := r.event(&ev)
		if err != nil || !ok {
			return
		}
		if !ev.Addr.IsValid() || ev.Addr.Is4In6() || ev.Addr.Zone() != "" {
			t.Fatalf("address %v", ev.Addr)
		}
		if got, err := netip.ParseAddr(r.Remote); err != nil || got.Unmap().WithZone("") != ev.Addr {
			t.Fatalf("address %v of %q", ev.Addr, r.Remote)
		}
		if ev.Kind == 0 || ev.Witness != policy.WitnessPolicy || (ev.Kind == policy.AuthFail) != (ev.Failures == 1) {
			t.Fatalf("event %+v", ev)
		}
	})
}

func BenchmarkReport(b *testing.B) {
	body := []byte(v23 + `"success":false,"policy_reject":false,"tls":false}`)
	var r request
	var ev policy.Event
	b.ReportAllocs()
	for b.Loop() {
		if r.decode(body) != nil {
			b.Fatal("refused")
		}
		if ok, err := r.event(&ev); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
