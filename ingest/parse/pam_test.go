package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

func pamFailure(user string, failures int, witness policy.Witness) policy.Event {
	return policy.Event{Addr: client1, Kind: policy.AuthFail, Failures: failures, Witness: witness, User: []byte(user)}
}

const pamFields = "authentication failure; logname= uid=0 euid=0 tty=dovecot "

func TestPAM(t *testing.T) {
	unix := pamFailure("al", 1, policy.WitnessPAM)
	sss := pamFailure("al", 1, database([]byte("pam_sss")))
	accepted := sss
	accepted.Kind, accepted.Failures = policy.AuthOK, 0
	checkShapes(t, bsdHead, policy.PAM, []shape{
		{"auth: pam_unix(dovecot:auth): " + pamFields + "ruser=al rhost=192.0.2.1", unix},
		{"auth: pam_unix(dovecot:auth): " + pamFields + "ruser=al rhost=192.0.2.1 ", unix},
		{"auth[7]: pam_unix(dovecot:auth): " + pamFields + "ruser=x rhost=::ffff:192.0.2.1  user=al", unix},
		{"saslauthd[7]: pam_unix(smtp:auth): " + pamFields + "ruser= rhost=192.0.2.1  user=al", unix},
		{"exim[7]: pam_unix(exim:auth): " + pamFields + "ruser= rhost=192.0.2.1  user=al", unix},
		{"auth: pam_unix(dovecot:auth): 3 more authentication failures; logname= uid=0 euid=0 tty=dovecot ruser=al rhost=192.0.2.1", pamFailure("al", 3, policy.WitnessPAM)},
		{"auth: pam_unix(dovecot:auth): 1 more authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=al rhost=192.0.2.1", unix},
		{"auth: pam_sss(dovecot:auth): " + pamFields + "ruser=al rhost=192.0.2.1 user=al", sss},
		{"auth: pam_sss(dovecot:auth): authentication success; logname= uid=0 euid=0 tty=dovecot ruser=al rhost=192.0.2.1 user=al", accepted},
		{"dovecot-auth: (pam_unix) " + pamFields + "ruser=al rhost=192.0.2.1", unix},
		{"saslauthd[7]: pam_unix(auth): " + pamFields + "ruser= rhost=192.0.2.1 user=al", unix},
		{"imap(pam_unix)[7]: " + pamFields + "ruser= rhost=192.0.2.1  user=al", unix},
		{"auth: pam_unix(dovecot:auth): " + pamFields + "ruser=rhost=198.51.100.7 rhost=192.0.2.1", pamFailure("rhost=198.51.100.7", 1, policy.WitnessPAM)},
		{"auth: pam_unix(dovecot:auth): " + pamFields + "ruser=x rhost=198.51.100.7 rhost=192.0.2.1", pamFailure("x rhost=198.51.100.7", 1, policy.WitnessPAM)},
	})
}

func TestPAMLinesThatAreNoEvent(t *testing.T) {
	checkNoEvents(t, "", []string{
		// another service's
		"sshd[7]: pam_unix(sshd:auth): " + pamFields + "ruser= rhost=192.0.2.1  user=al",
		"vsftpd: pam_unix(vsftpd:auth): " + pamFields + "ruser=al rhost=192.0.2.1",
		"sudo: pam_unix(sudo:auth): " + pamFields + "ruser=al rhost=  user=al",
		"sshd(pam_unix)[7]: " + pamFields + "ruser= rhost=192.0.2.1  user=al",
		"proftpd: (pam_unix) " + pamFields + "ruser= rhost=192.0.2.1  user=al",
		"daemon: pam_unix(auth): " + pamFields + "ruser=al rhost=192.0.2.1",
		// two readings
		"auth: pam_unix(dovecot:auth): " + pamFields + "ruser= rhost=192.0.2.1 user=x rhost=198.51.100.7",
		"auth: pam_unix(dovecot:auth): " + pamFields + "ruser=x rhost=198.51.100.7  user=y rhost=192.0.2.1  user=x",
		"auth: pam_unix(dovecot:auth): " + pamFields + "ruser= rhost=mail.example  user=x rhost=198.51.100.7",
		// no address
		"auth: pam_unix(dovecot:auth): " + pamFields + "ruser= rhost=  user=al",
		"auth: pam_unix(dovecot:auth): " + pamFields + "ruser= rhost=mail.example  user=al",
		"auth: pam_unix(dovecot:auth): " + pamFields + "ruser=al",
		"auth: pam_unix(dovecot:auth): authentication failure; logname= rhost=192.0.2.1",
		// other texts
		"auth: pam_unix(dovecot:auth): check pass; user unknown",
		"auth: pam_unix(dovecot:session): " + pamFields + "ruser=al rhost=192.0.2.1",
		"auth: pam_unix(dovecot:auth): 99999 more authentication failures; logname= uid=0 euid=0 tty= ruser=al rhost=192.0.2.1",
		"auth: pam_unix(dovecot:auth): 0 more authentication failures; logname= uid=0 euid=0 tty= ruser=al rhost=192.0.2.1",
		"auth: pam_sss(dovecot:auth): received for user al: 7 (Authentication failure)",
		"auth: pam_unix(dovecot:auth)",
		"auth: pam_",
		"imap(pam_unix): x",
	})
}

// The modules that may stand in one stack tell of the same attempt; one bit for
// two of them would make it two failures.
func TestPAMModulesAreDifferentWitnesses(t *testing.T) {
	seen := map[policy.Witness]string{}
	for _, w := range []struct {
		name string
		bit  policy.Witness
	}{
		{"Dovecot's pam", database([]byte("pam"))},
		{"pam_unix", pamWitness([]byte("pam_unix"))},
		{"pam_sss", pamWitness([]byte("pam_sss"))},
		{"pam_krb5", pamWitness([]byte("pam_krb5"))},
	} {
		if other, taken := seen[w.bit]; taken {
			t.Errorf("%s and %s are one witness", w.name, other)
		}
		seen[w.bit] = w.name
	}
}
