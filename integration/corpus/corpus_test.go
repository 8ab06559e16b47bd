package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// disputedLine is the hash of a line of testdata/second.jsonl.
const disputedLine = "9cf69464329565f1 no password was tried\n"

const want = `lines

   server      event  labelled  found  recall  claimed  precision  false address
  dovecot      abuse         1      0   0.000        0          -              0
  dovecot  auth_fail         1      0   0.000        1      0.000              1
     exim  auth_fail         2      2   1.000        2      1.000              0
  postfix  auth_fail         2      2   1.000        2      1.000              0
  postfix    auth_ok         1      1   1.000        2      0.500              0
  postfix       none         4      3   0.750        0          -              0
      all      abuse         1      0   0.000        0          -              0
      all  auth_fail         5      4   0.800        5      0.800              1
      all    auth_ok         1      1   1.000        2      0.500              0
      all       none         4      3   0.750        0          -              0

events that name no client, scored as none: 1
left out, disputed, no password was tried: 1
with the disputed labels, auth_fail: recall 0.667 of 6, precision 0.800 of 5
with the disputed labels, auth_ok: recall 1.000 of 1, precision 0.500 of 2
with the disputed labels, abuse: recall 0.000 of 1, precision - of 0
with the disputed labels, none, counted as auth_fail: 0, auth_ok: 1, abuse: 0

d772e9da3d2b0c97 false address: dovecot, held to be auth_fail of 2001:db8::2, not auth_fail of 2001:db8::1
	Nov 24 10:00:06 mx dovecot: auth: sql(al,2001:db8::1): Password mismatch
	second (wrong: another address)

8e77895954d0b9ed counted: postfix, held to be none, not auth_ok of 192.0.2.1
	Nov 24 10:00:02 mx postfix/smtpd[7]: 4F2A1B3C5D: client=unknown[192.0.2.1], sasl_method=PLAIN, sasl_username=al
	first (wrong: it is a login)

ac720eb2b773dfe2 missed: dovecot, held to be abuse of 192.0.2.1, not none
	Nov 24 10:00:07 mx dovecot: imap-login: Disconnected (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=203.0.113.25
	second (a matter of taste)

bare messages

   server      event  labelled  found  recall  claimed  precision  false address
  dovecot  auth_fail         1      1   1.000        1      1.000              0
  postfix  auth_fail         1      1   1.000        1      1.000              0
      all  auth_fail         2      2   1.000        2      1.000              0

events that name no client, scored as none: 0

lines of servers that smtpbl does not read

  server      event  labelled  found  recall  claimed  precision  false address
    popd  auth_fail         1      0   0.000        0          -              0
     all  auth_fail         1      0   0.000        0          -              0

events that name no client, scored as none: 0

542f120ef2a547fb missed: popd, held to be auth_fail of 192.0.2.1, not none
	Nov 24 10:00:09 mx popd[7]: bad password from 192.0.2.1
	second (of a server that smtpbl does not read)

`

func TestScores(t *testing.T) {
	var out bytes.Buffer
	if err := run(&out, "testdata", disputedLine, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDisputedLabelsCanBeRead(t *testing.T) {
	if disputed, err := readDisputed(disputedFile); err != nil || len(disputed) == 0 {
		t.Errorf("%d labels, %v", len(disputed), err)
	}
	for _, text := range []string{"0123456789abcdef", "0123456789abcdef \n", "0123 why", "0123456789abcdef a\n0123456789abcdef b\n"} {
		if _, err := readDisputed(text); !errors.Is(err, errNoReason) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFaultyInput(t *testing.T) {
	dir := t.TempDir()
	if err := run(t.Output(), dir, "", false); !errors.Is(err, errNoLines) {
		t.Errorf("an empty directory: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x.jsonl"), []byte("{\"line\": \"a\"}\n{\"ip\": \"mail.example\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Output(), dir, "", false); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("an address that is none: %v", err)
	}
}
