package parse

import (
	"bytes"
	"net/netip"
	"unicode/utf8"

	"github.com/smtpbl/smtpbl/policy"
)

// maxSession is more than a session id of Dovecot has bytes.
const maxSession = 64

// authArgs reads "user,ip" and up to three of ",master", ",<session>" and
// ",sasl:mech" from the right, because the user name may hold anything.
func authArgs(b []byte) (a netip.Addr, user, session []byte, ok bool) {
	for range 4 {
		i := lastComma(b)
		if i < 0 {
			break
		}
		last := b[i+1:]
		b = b[:i]
		if a, rest, ok := address(last); ok && len(rest) == 0 {
			if string(b) == "?" { // Dovecot's own word for no name
				b = nil
			}
			return a, b, session, true
		}
		if n := len(last); n >= 2 && last[0] == '<' && last[n-1] == '>' {
			session = last[1 : n-1]
		} else if string(last) != "master" && !bytes.HasPrefix(last, []byte("sasl:")) {
			break
		}
	}
	return a, nil, nil, false
}

// lastComma looks no further back than the longest argument.
func lastComma(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-maxSession; i-- {
		if b[i] == ',' {
			return i
		}
	}
	return -1
}

// wholeName returns a user name as long as Dovecot did not cut it off. It writes
// at most 64 bytes in the auth process and 80 in a login process, the last three
// as dots (auth-request.c and client-common.c, str_sanitize). A part of a name
// would look like another user's, whose failure counts anew.
func wholeName(user []byte) []byte {
	const leastCut = 64 - utf8.UTFMax // no character is cut in the middle
	if len(user) > leastCut && bytes.HasSuffix(user, []byte("...")) {
		return nil
	}
	return user
}

// refused tells the texts of a refused login. Their case differs: "Password
// mismatch" of the databases is "password mismatch" of CRAM-MD5 until 2.2
// (src/auth/mech-cram-md5.c).
func refused(t []byte) bool {
	for _, known := range refusals {
		if len(t) >= len(known) && bytes.EqualFold(t[:len(known)], known) {
			return true
		}
	}
	return false
}

var refusals = [][]byte{
	[]byte("unknown user"), []byte("Password mismatch"), []byte("invalid credentials"),
	[]byte("pam_authenticate() failed: Authentication failure"),
	[]byte("pam_authenticate() failed: User not known"),
	[]byte("Username character disallowed by auth_username_chars"), []byte("invalid input"),
	[]byte("Login failed (status=1)"), // a checkpassword program, for bad credentials
}

// withoutPassword drops the password, or its hash, that auth_verbose_passwords
// adds in brackets: what is shown to people and logged must not hold it.
func withoutPassword(t []byte) []byte {
	if i := bytes.Index(t, []byte("given password: ")); i >= 0 {
		t, _, _ = bytes.Cut(t, []byte(" ("))
	}
	return t
}

// databases are the usual password databases.
var databases = [...]string{"passwd-file", "pam", "sql", "ldap", "static", "passwd", "lua"}

// database gives each password database a witness bit of its own. Those that
// Dovecot 2.4 lets the administrator name share the other bits by their name.
func database(db []byte) policy.Witness {
	for i, known := range databases {
		if string(db) == known {
			return policy.WitnessAuth << i
		}
	}
	const bits = 16 - 4 // of a Witness, but for those of other classes
	others := uint64(bits - len(databases))
	return policy.WitnessAuth << (uint64(len(databases)) + hash(db)>>32%others)
}
