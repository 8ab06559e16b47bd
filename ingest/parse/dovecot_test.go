package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

func authFailure(user, text string, witness policy.Witness) policy.Event {
	ev := policy.Event{Addr: client1, Kind: policy.AuthFail, Witness: witness, Failures: 1, Detail: []byte(text)}
	if user != "" {
		ev.User = []byte(user)
	}
	return ev
}

// ofLast is ev where so many of its failures may be of other users: the name is
// that of the connection's last attempt.
func ofLast(others int, ev policy.Event) policy.Event {
	ev.Unnamed = others
	return ev
}

const (
	witnessFile = policy.WitnessAuth << iota
	witnessPAM
	witnessSQL
	witnessLDAP
)

var authShapes = []shape{
	{"auth: passwd-file(al,192.0.2.1): Password mismatch", authFailure("al", "Password mismatch", witnessFile)},
	{"auth: passwd-file(al,::ffff:192.0.2.1,<s>): unknown user (SHA1 of given password: abcd12)", authFailure("al", "unknown user", witnessFile)},
	{"auth: ldap(a,b c,192.0.2.1,master,<s>): invalid credentials", authFailure("a,b c", "invalid credentials", witnessLDAP)},
	{"auth: cram-md5(al,192.0.2.1,<s>): password mismatch", authFailure("al", "password mismatch", database([]byte("cram-md5")))},
	{"auth: Info: sql(al,192.0.2.1): unknown user", authFailure("al", "unknown user", witnessSQL)},
	{"dovecot: auth(default): sql(al,192.0.2.1): unknown user", authFailure("al", "unknown user", witnessSQL)},
	{"auth-worker(default): sql(al,192.0.2.1): unknown user", authFailure("al", "unknown user", witnessSQL)},
	{
		"auth-worker(304): pam(al,192.0.2.1): pam_authenticate() failed: Authentication failure (Password mismatch?)",
		authFailure("al", "pam_authenticate() failed: Authentication failure (Password mismatch?)", witnessPAM),
	},
	{"auth-worker(57): conn unix:auth-worker (pid=2,uid=97): auth-worker<55>: pam(al,192.0.2.1): unknown user", authFailure("al", "unknown user", witnessPAM)},
	{"auth-worker(57): Info: conn unix:auth-worker (uid=143): auth-worker<22>: sql(al,192.0.2.1,<Yx7+W8+Io>): Password mismatch", authFailure("al", "Password mismatch", witnessSQL)},
	{"auth(al,192.0.2.1,sasl:login): passwd-file: unknown user", authFailure("al", "unknown user", witnessFile)},
	{"auth(al,192.0.2.1,sasl:login)<CvN+E95U>: Info: sql: Password mismatch (given password: x)", authFailure("al", "Password mismatch", witnessSQL)},
	{"auth-worker(al,192.0.2.1)<4001084><CvN+E95U>: request [12]: Info: sql: Password mismatch", authFailure("al", "Password mismatch", witnessSQL)},
	{"auth(x,198.51.100.9,sasl:a,192.0.2.1,sasl:login): passwd-file: unknown user", authFailure("x,198.51.100.9,sasl:a", "unknown user", witnessFile)},
	{"auth: checkpassword(al,192.0.2.1): Login failed (status=1)", authFailure("al", "Login failed (status=1)", database([]byte("checkpassword")))},
	{"auth: plain(?,192.0.2.1): invalid input", authFailure("", "invalid input", database([]byte("plain")))},
	{"message repeated 1 times: [ auth: passwd-file(al,192.0.2.1): unknown user]", authFailure("al", "unknown user", witnessFile)},
}

func TestDovecotAuth(t *testing.T) {
	checkShapes(t, isoHead+"dovecot: ", policy.Dovecot, authShapes)
	checkShapes(t, bsdHead+"dovecot[442]: ", policy.Dovecot, authShapes)
}

// TestDovecotDatabaseAway has Dovecot say itself that it judged no password. The
// first line is that of Debian's 2.3.19 with no MySQL.
func TestDovecotDatabaseAway(t *testing.T) {
	fault := policy.Event{Addr: client1, Kind: policy.BackendFault, User: []byte("al"), Detail: []byte("Not connected to database")}
	query := fault
	query.Detail = []byte("Password query failed: Not connected to database")
	checkShapes(t, isoHead+"dovecot: ", policy.Dovecot, []shape{
		{"auth-worker(5300): Error: conn unix:auth-worker (pid=5297,uid=103): auth-worker<1>: sql(al,192.0.2.1): Not connected to database", fault},
		{"auth-worker(5300): Error: sql(al,192.0.2.1,<s>): Password query failed: Not connected to database", query},
		{"auth: Error: sql(al,192.0.2.1): Not connected to database", fault},
		{"auth-worker(al,192.0.2.1)<4><s>: request [1]: Error: sql: Not connected to database", fault},
	})
	for _, none := range []string{
		"auth-worker(1): Error: sql(al,192.0.2.1): Password query failed: Illegal mix of collations",
		"auth-worker(1): Error: sql(al,192.0.2.1): Not connected to database): x",
		"auth-worker(1): Error: mysql(192.0.2.1): Connect failed to database (mail): Can't connect to server on '192.0.2.1' (115) - waiting for 1 seconds before retry",
	} {
		var ev policy.Event
		if dovecot([]byte("dovecot"), []byte(none), &ev) {
			t.Errorf("%q is taken for %+v", none, ev)
		}
	}
}

func TestDovecotOwnLog(t *testing.T) {
	for _, stamp := range []string{"Jul 31 01:40:25 ", "2026-07-31 01:40:25 "} {
		checkShapes(t, stamp, policy.Dovecot, authShapes[6:14])
		checkShapes(t, stamp, policy.Dovecot, loginShapes)
		checkShapes(t, stamp, policy.Dovecot, []shape{
			{"auth(al ice,192.0.2.1,sasl:login)<s>: Info: sql: unknown user", authFailure("al ice", "unknown user", witnessSQL)},
			{"auth-worker(al ice,192.0.2.1)<4><s>: request [1]: sql: unknown user", authFailure("al ice", "unknown user", witnessSQL)},
		})
	}
}

func TestDovecotTags(t *testing.T) {
	for _, tag := range []string{"auth: ", "auth[12]: ", "dovecot-auth: ", "auth-worker: "} {
		checkShapes(t, bsdHead+tag, policy.Dovecot, []shape{
			{"sql(al,192.0.2.1): unknown user", authFailure("al", "unknown user", witnessSQL)},
		})
	}
	checkShapes(t, bsdHead, policy.Dovecot, loginShapes)
	checkShapes(t, bsdHead+"dovecot: ", policy.Dovecot, loginShapes)
}

func loginFailure(user string, n int, span time.Duration) policy.Event {
	ev := policy.Event{Addr: client1, Kind: policy.AuthFail, Witness: policy.WitnessLogin, Failures: n, Span: span}
	if user != "" {
		ev.User = []byte(user)
	}
	return ev
}

var loginShapes = []shape{
	{"imap-login: Info: Disconnected (auth failed, 3 attempts in 7 secs): user=<al>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25, TLS, session=<x>", ofLast(2, loginFailure("al", 3, 7*time.Second))},
	{"pop3-login: Disconnected (auth failed, 1 attempts): user=<al>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25, secured", loginFailure("al", 1, 0)},
	{"imap-login: Disconnected (auth failed, 1 attempts): method=PLAIN, rip=192.0.2.1, lip=192.0.2.25, TLS: Disconnected", loginFailure("", 1, 0)},
	{"imap-login: Disconnected (auth failed, 1 attempts): rip=192.0.2.1", loginFailure("", 1, 0)},
	{"imap-login: Disconnected (auth failed, 1 attempts): user=<al, method=LOGIN, rip=192.0.2.1 lip=192.0.2.25", loginFailure("al", 1, 0)},
	{"imap-login: Disconnected: Connection closed: SSL_accept() failed: error:0A00009C:SSL routines::http request (auth failed, 2 attempts in 3 secs): user=<al>, rip=192.0.2.1,lip=192.0.2.25", ofLast(1, loginFailure("al", 2, 3*time.Second))},
	{"imap-login: Disconnected (auth failed, 1/3 successful auths in 9 secs): user=<al>, rip=192.0.2.1", ofLast(1, loginFailure("al", 2, 9*time.Second))},
	{"submission-login: Login aborted: Inactivity (auth failed, 2 attempts in 5 secs) (auth_failed): user=<al>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25", ofLast(1, loginFailure("al", 2, 5*time.Second))},
	{"imap-login: Login aborted: Logged out (auth failed, 1 attempts in 5 secs, last failure: no (really)) (invalid_credentials): user=<al>, rip=192.0.2.1", loginFailure("al", 1, 5*time.Second)},
	{"managesieve-login: Disconnected (proxy dest auth failed): user=<al>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25", loginFailure("al", 1, 0)},
	{"imap-login: Login aborted: x (proxy dest auth failed) (proxy_dest_auth_failed): user=<al>, rip=192.0.2.1", loginFailure("al", 1, 0)},
	{"imap-login: Login aborted: x (proxy dest authentication failure, 2 attempts in 9 secs) (proxy_dest_auth_failed): user=<al>, rip=192.0.2.1", ofLast(1, loginFailure("al", 2, 9*time.Second))},
	{"imap-login: Login aborted: x (proxy dest authentication failure to 10.0.0.3, 2 attempts in 9 secs, last failure: [AUTHENTICATIONFAILED] no (1)) (proxy_dest_auth_failed): user=<al>, rip=192.0.2.1", ofLast(1, loginFailure("al", 2, 9*time.Second))},
	// Guesses, and then an attempt that ends otherwise.
	{"imap-login: Login aborted: Logged out (tried to use unsupported auth mechanism, 6 attempts in 9 secs) (invalid_mech): user=<al>, method=X, rip=192.0.2.1", ofLast(5, loginFailure("al", 5, 9*time.Second))},
	{"pop3-login: Login aborted: Logged out (sent invalid base64 in response, 6 attempts in 9 secs) (invalid_base64): user=<al>, method=PLAIN, rip=192.0.2.1", ofLast(5, loginFailure("al", 5, 9*time.Second))},
	{"submission-login: Login aborted: Connection closed (client didn't finish SASL auth, 6 attempts in 9 secs) (auth_waiting_client): user=<al>, method=PLAIN, rip=192.0.2.1", ofLast(5, loginFailure("al", 5, 9*time.Second))},
	{"imap-login: Login aborted: Connection closed (auth aborted by client, 6 attempts in 9 secs) (auth_aborted_by_client): user=<al>, method=PLAIN, rip=192.0.2.1", ofLast(5, loginFailure("al", 5, 9*time.Second))},
	{"imap-login: Login aborted: x (anonymous logins disabled, 1/6 successful auths in 9 secs) (anonymous_auth_disabled): user=<al>, rip=192.0.2.1", ofLast(4, loginFailure("al", 4, 9*time.Second))},
	{"imap-login: Login aborted: x (credentials contain control characters, 2 attempts in 9 secs) (invalid_credentials): user=<al>, rip=192.0.2.1", ofLast(1, loginFailure("al", 1, 9*time.Second))},
	{"imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<a, rip=198.51.100.66, lip=1.1.1.1>, method=PLAIN, rip=192.0.2.1", loginFailure("a, rip=198.51.100.66, lip=1.1.1.1", 1, 2*time.Second)},
}

func TestDovecotLogins(t *testing.T) {
	worked := policy.Event{Addr: client1, Kind: policy.AuthOK, Witness: policy.WitnessLogin, User: []byte("al")}
	six := worked
	six.Addr = client6
	checkShapes(t, isoHead+"dovecot: ", policy.Dovecot, []shape{
		{"imap-login: Login: user=<al>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25, mpid=5, TLS, session=<x>", worked},
		{"submission-login: Logged in: user=<al>, method=PLAIN, rip=2001:db8::1, lip=2001:db8::25", six},
		{"pop3-login: Info: Login: user=<al>, method=PLAIN, rip=::ffff:192.0.2.1, lip=192.0.2.25", worked},
	})
}

// No password was judged, so these are no failures.
func TestDovecotAbuse(t *testing.T) {
	cleartext := func(user string) policy.Event {
		ev := misuse("cleartext login where it is disabled")
		if user != "" {
			ev.User = []byte(user)
		}
		return ev
	}
	flood := misuse("too many errors")
	refusal := misuse("refused by the policy server")
	refusal.User = []byte("al")
	checkShapes(t, bsdHead+"dovecot: ", policy.Dovecot, []shape{
		{"imap-login: Aborted login (tried to use disabled plaintext auth): rip=192.0.2.1, lip=192.0.2.25", cleartext("")},
		{"pop3-login: Disconnected: Too many invalid commands (tried to use disallowed plaintext auth): user=<al>, rip=192.0.2.1, lip=192.0.2.25, session=<s>", cleartext("al")},
		{"imap-login: Login aborted: Logged out (tried to use disallowed cleartext auth) (cleartext_auth_disabled): user=<>, rip=192.0.2.1, lip=192.0.2.25", cleartext("")},
		{"imap-login: Login aborted: Logged out (tried to use disallowed cleartext auth, 3 attempts in 2 secs) (cleartext_auth_disabled): user=<>, rip=192.0.2.1, lip=192.0.2.25", cleartext("")},
		{"imap-login: Disconnected: Too many invalid commands (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=192.0.2.25, TLS, session=<s>", flood},
		{"managesieve-login: Info: Disconnected: Too many invalid commands. (no auth attempts in 0 secs): user=<>, rip=192.0.2.1, lip=192.0.2.25", flood},
		{"pop3-login: Disconnected: Disconnected: Too many bad commands (no auth attempts): rip=192.0.2.1, lip=192.0.2.25", flood},
		{"imap-login: Login aborted: Too many invalid commands (no auth attempts in 1 secs) (no_auth_attempts): user=<>, rip=192.0.2.1, lip=192.0.2.25", flood},
		{"auth: policy(al,192.0.2.1,<s>): Authentication failure due to policy server refusal", refusal},
		{"auth: policy(al,192.0.2.1): Authentication failure due to policy server refusal: too many", refusal},
		{"auth(al,192.0.2.1,sasl:plain)<s>: policy: Authentication failure due to policy server refusal", refusal},
	})
}

func TestDovecotLinesOfNoLogin(t *testing.T) {
	checkNoEvents(t, "dovecot: ", []string{
		"imap-login: Disconnected: Connection closed (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=192.0.2.25",
		"imap-login: Disconnected: Too many invalid commands (client didn't finish SASL auth, waited 0 secs): user=<>, rip=192.0.2.1",
		"imap-login: Login aborted: Connection closed (auth aborted by client, 1 attempts in 9 secs) (auth_aborted_by_client): user=<>, rip=192.0.2.1",
		"imap-login: Login aborted: Connection closed (user disabled, 6 attempts in 9 secs) (user_disabled): user=<al>, rip=192.0.2.1",
		"imap-login: Login aborted: Connection closed (proxy dest temporary authentication failure, 6 attempts in 9 secs) (proxy_dest_auth_temp_failed): user=<al>, rip=192.0.2.1",
		"imap-login: Login aborted: x (auth failed, 6 attempts in 9 secs) (invalid_mech): user=<al>, rip=192.0.2.1",
		"imap-login: Login aborted: x (invalid_mech): user=<al>, rip=192.0.2.1",
		"imap-login: (): user=<al>, rip=192.0.2.1",
		"imap-login: Too many invalid commands (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=192.0.2.25",
		"imap-login: Disconnected: Too many friends (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=192.0.2.25",
		"pop3-login: Authenticate NTLM failed: Unsupported authentication mechanism.: user=<>, method=NTLM, rip=192.0.2.1, lip=192.0.2.25, session=<s>",
	})
}

// Both processes name the session in their own way, and it is the same one.
func TestDovecotSessions(t *testing.T) {
	var last uint64
	for _, line := range []string{
		"imap-login: Login: user=<a, session=<q>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25, session=<CvN+E95U>",
		"auth: sql(al,192.0.2.1,<CvN+E95U>): unknown user",
		"auth(al,192.0.2.1,sasl:login)<CvN+E95U>: sql: unknown user",
		"auth-worker(al,192.0.2.1)<4001084><CvN+E95U>: request [1]: sql: unknown user",
	} {
		var ev policy.Event
		if !Line([]byte(isoHead+"dovecot: "+line), &ev) || ev.Session == 0 || last != 0 && ev.Session != last {
			t.Errorf("%s\ngot %+v after session %d", line, ev, last)
		}
		last = ev.Session
	}
}

// One worker process serves many clients, whose sessions are not the same.
func TestWorkerIsNoSession(t *testing.T) {
	for _, line := range []string{
		"auth-worker(al,192.0.2.1)<4001084>: request [1]: sql: unknown user",
		"auth-worker(al,192.0.2.1)<4001084><>: request [1]: sql: unknown user",
		"auth-worker(4001084): sql(al,192.0.2.1): unknown user",
		"auth: sql(al,192.0.2.1,<>): unknown user",
		"auth(al,192.0.2.1,sasl:login): sql: unknown user",
		"imap-login: Login: user=<a, session=<q>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25",
	} {
		var ev policy.Event
		if !Line([]byte(isoHead+"dovecot: "+line), &ev) || ev.Session != 0 {
			t.Errorf("%s\ngot %+v", line, ev)
		}
	}
}

func TestPasswordsAreLeftOut(t *testing.T) {
	for _, line := range []string{
		"auth: sql(al,192.0.2.1): Password mismatch (given password: hunter2)",
		"auth: sql(al,192.0.2.1): Password mismatch (given password: hunter2 (x) hunter2)",
		"auth: passwd-file(al,192.0.2.1): unknown user (given password: hunter2)",
		"auth: pam(al,192.0.2.1): pam_authenticate() failed: Authentication failure (password mismatch?) (given password: hunter2)",
		"auth(al,192.0.2.1,sasl:login)<s>: ldap: invalid credentials (given password: hunter2)",
		"auth-worker(al,192.0.2.1)<4><s>: request [1]: Info: sql: Password mismatch (given password: given password: hunter2)",
	} {
		var ev policy.Event
		if !Line([]byte(isoHead+"dovecot: "+line), &ev) || strings.Contains(string(ev.Detail)+string(ev.User), "hunter2") {
			t.Errorf("%s\ngot %q", line, ev.Detail)
		}
	}
}

// Each database is a witness of its own, because each miss is logged.
func TestDatabasesAreDifferentWitnesses(t *testing.T) {
	seen := map[policy.Witness]string{}
	for _, db := range databases {
		w := database([]byte(db))
		if before, taken := seen[w]; taken || w < policy.WitnessAuth {
			t.Errorf("%s has the bit %b of %q", db, w, before)
		}
		seen[w] = db
	}
	for _, db := range []string{"passwd-file2", "user-only", "oauth2", "cram-md5", "x"} {
		if w := database([]byte(db)); w <= policy.WitnessAuth<<(len(databases)-1) || w&(w-1) != 0 {
			t.Errorf("%s has the bit %b", db, w)
		}
	}
}

// A name that was cut off is none.
func TestDovecotCutsNames(t *testing.T) {
	for _, c := range []struct {
		name string
		want bool
	}{
		{strings.Repeat("x", 61) + "...", false},
		{strings.Repeat("x", 77) + "...", false},
		{strings.Repeat("é", 29) + "x...", false}, // a character more would be too long
		{strings.Repeat("x", 64), true},
		{"al...", true},
	} {
		for _, line := range []string{
			"auth: sql(%u,192.0.2.1): unknown user",
			"imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<%u>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25",
		} {
			var ev policy.Event
			line = bsdHead + "dovecot: " + strings.ReplaceAll(line, "%u", c.name)
			if !Line([]byte(line), &ev) || (string(ev.User) == c.name) != c.want || !c.want && ev.User != nil {
				t.Errorf("%s: got %+v", line, ev)
			}
		}
	}
}
