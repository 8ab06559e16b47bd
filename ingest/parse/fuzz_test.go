package parse

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// truth is the client of every template; whatever else a line names came from
// the client.
const truth = "192.0.2.1"

// shapes are the lines of every service with the client's address where the
// server writes it. %u stands for what a client may choose: user, mechanism,
// HELO name or command. With a harmless word in it every shape is an event.
var shapes = []string{
	"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=%u",
	"postfix/smtpd[7]: warning: unknown[192.0.2.1]:4812: SASL PLAIN authentication failed: UGFzc3dvcmQ6, sasl_username=%u",
	"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL %u authentication failed: Invalid authentication mechanism, sasl_username=(unavailable)",
	"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL %u authentication failed: Invalid authentication mechanism: '%u'",
	"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL %u authentication failed:",
	"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL %u authentication failed",
	"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL %u authentication aborted",
	"postfix/smtpd[7]: message repeated 2 times: [ warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x, sasl_username=%u]",
	"postfix/smtpd[7]: 4D2Bzv3Xk1z5P: client=unknown[192.0.2.1], sasl_method=PLAIN, sasl_username=%u",
	"postfix/smtpd[7]: 4D2Bzv3Xk1z5P: client=unknown[192.0.2.1], sasl_method=PLAIN, sasl_username=al, sasl_sender=%u",
	"postfix/smtpd[7]: NOQUEUE: disconnect from unknown[192.0.2.1] ehlo=1 auth=0/3 quit=1 commands=2/5",
	"postfix/smtpd[7]: warning: non-SMTP command from unknown[192.0.2.1]: %u",
	"postfix/smtpd[7]: improper command pipelining after EHLO from unknown[192.0.2.1]: %u",
	"postfix/smtpd[7]: too many errors after AUTH from unknown[192.0.2.1]",
	"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 454 4.7.1 <%u>: Relay access denied; from=<%u> to=<%u> proto=ESMTP helo=<%u>",
	"postfix/smtpd[7]: reject: RCPT from unknown[192.0.2.1]: 554 <%u>: Relay access denied; from=<%u> to=<%u>",
	"postfix/smtpd[7]: 4D2Bzv3Xk1z5P: reject: RCPT from unknown[192.0.2.1]:99: 550 5.1.1 <%u>: Recipient address rejected: User unknown in virtual mailbox table; from=<%u> to=<%u> proto=ESMTP helo=<%u>",
	"postfix/smtpd[7]: NOQUEUE: reject: EHLO from unknown[192.0.2.1]: 504 5.5.2 <%u>: Helo command rejected: need fully-qualified hostname; proto=SMTP helo=<%u>",
	"postfix/smtpd[7]: NOQUEUE: milter-reject: END-OF-MESSAGE from unknown[192.0.2.1]: 550 5.7.1 %u; from=<%u> to=<%u> proto=ESMTP helo=<%u>",
	"postfix/smtpd[7]: warning: Illegal address syntax from unknown[192.0.2.1] in MAIL command: %u",
	"postfix/smtpd[7]: warning: Connection rate limit exceeded: 61 from unknown[192.0.2.1] for service smtp",
	"postfix/postscreen[7]: PREGREET 11 after 0.06 from [192.0.2.1]:99: %u",
	"postfix/postscreen[7]: COMMAND PIPELINING from [192.0.2.1]:99 after EHLO: %u",
	"postfix/postscreen[7]: NON-SMTP COMMAND from [192.0.2.1]:99 after %u: %u",
	"postfix/postscreen[7]: COMMAND LENGTH LIMIT from [192.0.2.1]:99 after %u",
	"postfix/postscreen[7]: DNSBL rank 6 for [192.0.2.1]:99",
	"postfix/postscreen[7]: NOQUEUE: reject: RCPT from [192.0.2.1]:99: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using bl.example; from=<%u>, to=<%u>, proto=ESMTP, helo=<%u>",
	"dovecot: imap-login: Disconnected (tried to use disallowed plaintext auth): user=<%u>, method=%u, rip=192.0.2.1, lip=192.0.2.25",
	"dovecot: imap-login: Disconnected: Too many invalid commands (no auth attempts in 2 secs): user=<%u>, rip=192.0.2.1, lip=192.0.2.25",
	"dovecot: auth: policy(%u,192.0.2.1,<s>): Authentication failure due to policy server refusal: %u",
	"dovecot: imap-login: Login: user=<%u>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25, mpid=4, TLS, session=<x>",
	"dovecot: pop3-login: Info: Logged in: user=<%u>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25",
	"dovecot: submission-login: Disconnected (auth failed, 2 attempts in 5 secs): user=<%u>, method=%u, rip=192.0.2.1, lip=192.0.2.25, TLS, session=<x>",
	"dovecot: imap-login: Login aborted: Inactivity (auth failed, 2 attempts in 5 secs, last failure: %u) (auth_failed): user=<%u>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25",
	"dovecot: auth: passwd-file(%u,192.0.2.1): Password mismatch",
	"dovecot: auth: pam(%u,192.0.2.1,<s>): pam_authenticate() failed: Authentication failure (password mismatch?)",
	"dovecot: auth: login(?,192.0.2.1): Username character disallowed by auth_username_chars: 0x5d (username: %u)",
	"dovecot: auth-worker(304): sql(%u,192.0.2.1): unknown user",
	"dovecot: auth-worker(304): conn unix:auth-worker (pid=2,uid=97): auth-worker<5>: sql(%u,192.0.2.1,<s>): unknown user",
	"dovecot: auth(%u,192.0.2.1,sasl:login): passwd-file: unknown user",
	"dovecot: auth(%u,192.0.2.1,sasl:login)<s>: sql: Password mismatch (given password: %u)",
	"dovecot: auth-worker(%u,192.0.2.1)<40><s>: request [12]: Info: sql: Password mismatch",
	"smtpd[7]: 4f00c1a87d2be931 smtp event=authentication user=%u address=192.0.2.1 host=x.example result=permfail",
	`smtpd[7]: 4f00c1a87d2be931 smtp event=failed-command address=192.0.2.1 host=x.example command="AUTH %u" result="504 5.5.4 AUTH method "%u" not supported"`,
	"smtpd[7]: auth-reporter: failed authentication from user=%u address=192.0.2.1 host=x.example",
	"imapd: LOGIN FAILED, user=%u, ip=[::ffff:192.0.2.1], port=[4711]",
	"pop3d-ssl: LOGIN FAILED, method=%u, ip=[192.0.2.1]",
	"imapd: LOGIN, user=%u, ip=[192.0.2.1], port=[4711], protocol=IMAP, stls=1",
	`courieresmtpd: error,relay=192.0.2.1,port=4711,msg="535 Authentication failed.",cmd: AUTH LOGIN %u`,
	`courieresmtpd: error,relay=::ffff:192.0.2.1,ident=%u,msg="535 Authentication failed.",cmd: AUTH PLAIN %u`,
	"courieresmtpd: error,relay=192.0.2.1,from=<%u>,to=<%u>: 513 Relaying denied.",
	"courieresmtpd: error,relay=192.0.2.1,from=<%u>,to=<%u>: 550 User <%u> unknown",
	"imap[7]: badlogin: x.example [192.0.2.1] plaintext %u SASL(-13): authentication failure: checkpass failed",
	"cyrus/imaps[7]: badlogin: [192.0.2.1] PLAIN (%u) [SASL(-13): user not found: user: %u property: cmusaslsecretPLAIN not found in sasldb]",
	"cyrus/pop3[7]: badlogin: x.example [192.0.2.1] plaintext (%u) [SASL(-13): authentication failure: checkpass failed]",
	"timsieved[7]: badlogin: x.example[192.0.2.1] %u authentication failure",
	"imapd[7]: Login failed user=%u auth=%u host=x.example [192.0.2.1]",
	"ipop3d[7]: Failed %u override of user=%u host=[192.0.2.1]",
	"imapd[7]: Authenticated user=%u host=x.example [192.0.2.1] mech=PLAIN",
	"vpopmail[7]: vchkpw-smtp: password fail (pass: '%u') %u:192.0.2.1",
	"vpopmail[7]: vchkpw-pop3: vpopmail user not found %u:192.0.2.1",
	"smtp_auth: smtp_auth: FAILED: %u - password incorrect from %u [192.0.2.1]",
	"saslauthd[7]: pam_unix(smtp:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=192.0.2.1  user=%u",
	"auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=%u rhost=192.0.2.1  user=%u",
	"auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=%u rhost=192.0.2.1",
	"exim[7]: login authenticator failed for host.example (%u) [192.0.2.1]: 535 Incorrect authentication data (set_id=%u)",
	"exim[7]: plain authenticator failed for H=(%u) [192.0.2.1]:4812 I=[203.0.113.25]:587 Ci=9: 535 Incorrect authentication data (set_id=%u)",
	"exim4[7]: [7] login\tauthenticator failed for [192.0.2.1] U=%u: 535 Incorrect authentication data (set_id=%u)",
	`exim[7]: SMTP protocol error in "%u" H=(%u) [192.0.2.1] AUTH command used when not advertised`,
	`exim[7]: SMTP call from (%u) [192.0.2.1] dropped: too many nonmail commands (last was "%u")`,
	`exim[7]: SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from H=[192.0.2.1] input="%u"`,
	"exim[7]: [1/2] login authenticator failed for [192.0.2.1]: 535 Incorrect authentication data (set_id=%u",
	"exim[7]: rejected EHLO from host.example [192.0.2.1]: syntactically invalid argument(s): %u",
	"exim[7]: H=(%u) [192.0.2.1] F=<%u> rejected RCPT <%u>: relay not permitted",
	`exim[7]: 1ahr79-0006jK-G9 <= a@b.example H=(%u) [192.0.2.1] P=esmtpsa X=TLS1.3:x:256 SNI=x A=login:alice S=9 T="%u"`,
	"sendmail[7]: 26H8MRrS025411: AUTH failure (LOGIN): user not found (-20) SASL(-13): user not found: user: %u, user=%u, relay=host.example [192.0.2.1] (may be forged)",
	`sm-mta[7]: 26H8MRrS025411: AUTH decode64 error [-5 for "%u"], relay=host.example [192.0.2.1]`,
	"sm-mta[7]: 26H8MRrS025411: host.example [192.0.2.1]: probable open proxy: command=GET %u",
	"sm-mta[7]: AUTH=server, relay=[192.0.2.1], authid=%u, mech=PLAIN, bits=0",
	"sm-mta[7]: 26H8MRrS025411: ruleset=check_rcpt, arg1=<%u>, relay=[192.0.2.1], reject=550 5.7.1 <%u>... Relaying denied",
	"sm-mta[7]: 26H8MRrS025411: host.example [192.0.2.1]: VRFY %u [rejected]",
}

func TestEveryShapeIsAnEvent(t *testing.T) {
	for _, user := range []string{"alice", "alice@example.com", "a.b-c_d", "x"} {
		for _, shape := range shapes {
			line := isoHead + strings.ReplaceAll(shape, "%u", user)
			var ev policy.Event
			if !Line([]byte(line), &ev) || ev.Addr.String() != truth {
				t.Errorf("%s\ngot %+v", line, ev)
			}
		}
	}
}

// forgeries are what clients may write to have another address banned.
var forgeries = []string{
	"x[198.51.100.77]: SASL LOGIN authentication failed: y", "a[198.51.100.7]:", "unknown[198.51.100.7]",
	"x,198.51.100.77): unknown user", "x,198.51.100.77)<s>: sql: unknown user", "198.51.100.77", "198.51.100.77,sasl:a",
	"x,198.51.100.66,<s>", "a, rip=198.51.100.66, lip=1.1.1.1", "a>, method=PLAIN, rip=198.51.100.66, session=<q>",
	"x (auth failed, 9 attempts in 2 secs): user=<y", "x authentication failed: generic failure, sasl_username=y",
	"x authentication aborted", "1): sql(x,198.51.100.9): unknown user", "): ", ")<", "<", ">", ",", "",
	"1): conn unix:auth-worker (uid=1): auth-worker<1>: sql(x,198.51.100.9", "x\x00y", "x\ty", "x\xff\xfe", "\r",
	"]", "] warning: unknown[198.51.100.7]: SASL LOGIN authentication failed", "x, sasl_sender=198.51.100.7",
	"x address=198.51.100.7 host=y result=permfail", `x" result="535 y`, "x, ip=[198.51.100.7]", "x, ip=[198.51.100.7], port=[1]",
	`x,relay=198.51.100.7,msg="535 Authentication failed.",cmd: AUTH LOGIN y`, "x>,to=<y>: 513 Relaying denied.",
	"x [198.51.100.7] plaintext y SASL(-1): generic failure", "x host=y [198.51.100.7]", "x auth=y host=[198.51.100.7] mech=PLAIN",
	"x@y:198.51.100.7", "x@y:2001:db8:", "::ffff:198.51.100.7:", "x - password incorrect from y [198.51.100.7]",
	"x] [service=smtp] [realm=] [remote=198.51.100.7] [mech=pam] [reason=PAM auth error]", "x] [remote=198.51.100.7",
	"x rhost=198.51.100.7", " rhost=198.51.100.7", "x rhost=198.51.100.7  user=y", "rhost=198.51.100.7",
	"x) [198.51.100.77]: 535 Incorrect authentication data (set_id=y", `x" H=[198.51.100.7] U=y`, "x) [198.51.100.7] U=", ") [",
	"[198.51.100.7", "x: 435 Unable to authenticate at present", ", relay=[198.51.100.7]", "x>, relay=[198.51.100.7], reject=550 5.7.1 <y",
	"x) [198.51.100.7] P=esmtpsa A=login:bob S=1", "(x) [198.51.100.7]",
}

func TestForgedAddressIsNeverTaken(t *testing.T) {
	for _, text := range forgeries {
		for _, shape := range shapes {
			addressIsTrue(t, bsdHead+strings.ReplaceAll(shape, "%u", text))
		}
	}
}

func addressIsTrue(t *testing.T, line string) {
	t.Helper()
	var ev policy.Event
	if Line([]byte(line), &ev) && ev.Addr.String() != truth {
		t.Errorf("%q: %s", line, ev.Addr)
	}
}

func FuzzAddressIsTheServers(f *testing.F) {
	for i, text := range forgeries {
		f.Add(uint(i), text, "LOGIN")
		f.Add(uint(i), "alice", text)
	}
	f.Fuzz(func(t *testing.T, n uint, first, second string) {
		shape := shapes[n%uint(len(shapes))]
		line := strings.Replace(shape, "%u", first, 1)
		addressIsTrue(t, isoHead+strings.ReplaceAll(line, "%u", second))
		// Postfix logs no PTR name but a valid host name, so the bracket of
		// the address is the first one.
		if !strings.Contains(first, "[") {
			addressIsTrue(t, isoHead+strings.Replace(shape, "unknown[", first+"[", 1))
		}
	})
}

// FuzzLine reads arbitrary bytes: no panic, and never an address that is not
// in the line.
func FuzzLine(f *testing.F) {
	for _, shape := range shapes {
		f.Add([]byte(isoHead + shape))
		f.Add([]byte(strings.TrimPrefix(bsdHead+shape, "mx1 ")))
	}
	for _, head := range rareHeads {
		f.Add([]byte(head + failure))
	}
	f.Add(inRecord(f, bsdHead+"postfix/smtpd[7]: "+failure))
	for _, file := range captures(f) {
		for _, line := range readLines(f, file) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := bytes.Clone(line)
		var ev policy.Event
		if Line(line, &ev) {
			checkEvent(t, line, &ev)
		}
		r := NewReader(nil)
		if inner, _, ok := record(line, nil); r.Line(line, &ev) && ok {
			checkEvent(t, inner, &ev)
		}
		at, ok := Stamp(line, time.Unix(1e9, 0), time.UTC)
		again, okAgain := NewStamper(time.Unix(1e9, 0), time.UTC).Stamp(line)
		if ok != okAgain || ok && !at.Equal(again) {
			t.Errorf("%q: Stamp says %v %v, a Stamper %v %v", line, at, ok, again, okAgain)
		}
		if !bytes.Equal(line, before) {
			t.Errorf("%q was written to", before)
		}
	})
}

func checkEvent(t *testing.T, line []byte, ev *policy.Event) {
	t.Helper()
	if half := ev.Kind == 0 || !ev.Addr.IsValid(); half && ev.Session == 0 {
		t.Errorf("%q: half an event of no session: %+v", line, ev)
	}
	if !ev.Addr.IsValid() {
		return
	}
	named := func(word string) bool {
		a, err := netip.ParseAddr(word)
		return err == nil && a.Unmap() == ev.Addr
	}
	words := strings.FieldsFunc(string(line), func(r rune) bool { return r > 'f' || !addrByte(byte(r)) })
	if !slices.ContainsFunc(words, named) && !anyPart(words, named) {
		t.Errorf("%q does not name %s", line, ev.Addr)
	}
	if ev.Addr.Zone() != "" || ev.Addr.Is4In6() || ev.Failures < 0 || ev.Failures > maxCount || ev.Service == 0 {
		t.Errorf("%q: impossible event %+v", line, ev)
	}
}

// anyPart finds an address that other bytes of addresses follow or precede.
func anyPart(words []string, named func(string) bool) bool {
	for _, w := range words {
		for i := range w {
			for j := i + 2; j <= min(len(w), i+maxAddr); j++ {
				if named(w[i:j]) {
					return true
				}
			}
		}
	}
	return false
}
