package integration

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestHarness installs the harness into the real ufw, twice, and removes it:
// what is left is what was there before.
func TestHarness(t *testing.T) {
	eachFlavour(t, func(t *testing.T, l *lab.Lab) {
		for name, prepare := range map[string]func() error{
			"enabled":  func() error { return l.UFW("enable") },
			"disabled": func() error { return l.UFW("disable") },
		} {
			t.Run(name, func(t *testing.T) {
				must(t, prepare())
				before := tree(t)
				harness(t, l, "install")
				keptByRoot(t)
				harness(t, l, "status")
				first := tree(t)
				if out := harness(t, l, "install"); !strings.Contains(out, "nothing was changed") {
					t.Errorf("the second installation says %q", out)
				}
				if diff := cmp.Diff(first, tree(t)); diff != "" {
					t.Errorf("the second installation changed (-first +second):\n%s", diff)
				}
				for _, chain := range []string{"ufw-before-input", "ufw6-before-input"} {
					loaded(t, rulesIn(t, l, chain), name == "enabled")
				}
				harness(t, l, "remove")
				disagrees(t, l, "the harness is not in the file")
				if diff := cmp.Diff(before, tree(t)); diff != "" {
					t.Errorf("not as before (-before +after):\n%s", diff)
				}
				for _, chain := range []string{"ufw-smtp-blacklist", "ufw6-smtp-blacklist"} {
					if rules := rulesIn(t, l, chain); rules != "" {
						t.Errorf("the kernel still has:\n%s", rules)
					}
				}
			})
		}
	})
}

// keptByRoot looks for ufw's files as they were where the service's user can
// neither change them nor lead root elsewhere: from the directory upwards only
// root may write.
func keptByRoot(t *testing.T) {
	t.Helper()
	const dir = "/var/backups/smtpbl"
	kept, err := filepath.Glob(dir + "/before*.rules.*")
	must(t, err)
	if len(kept) < 2 {
		t.Errorf("%s holds %q, want a copy of both files", dir, kept)
	}
	for d := dir; d != "/"; d = filepath.Dir(d) {
		var st unix.Stat_t
		must(t, unix.Lstat(d, &st))
		if st.Uid != 0 || st.Mode&0o022 != 0 || st.Mode&unix.S_IFMT != unix.S_IFDIR {
			t.Errorf("others than root may write to %s: owner %d, mode %o", d, st.Uid, st.Mode)
		}
	}
}

// loaded expects the jump in the right place of a chain, or nowhere.
func loaded(t *testing.T, rules string, want bool) {
	t.Helper()
	jump := strings.Index(rules, "--dports 25,465,587 -j ufw")
	established := strings.Index(rules, "ESTABLISHED")
	if got := jump >= 0; got != want || want && jump > established {
		t.Errorf("harness loaded: %v, want %v and before ESTABLISHED:\n%s", got, want, rules)
	}
}

// TestHarnessLoadedIsWhatUFWLoads compares the rules that an installation puts
// into the running firewall with those that ufw makes of the files.
func TestHarnessLoadedIsWhatUFWLoads(t *testing.T) {
	eachFlavour(t, func(t *testing.T, l *lab.Lab) {
		must(t, l.UFW("enable"))
		harness(t, l, "install")
		must(t, os.WriteFile(lab.ConfigFile, []byte(ufwConfig+"ports = [25, 587]\nmark = \"0x40/0xc0\"\n"), 0o644))
		disagrees(t, l, "not that of the configuration")
		harness(t, l, "install")
		harness(t, l, "status")
		chains := []string{"ufw-before-input", "ufw-smtp-blacklist", "ufw6-before-input", "ufw6-smtp-blacklist"}
		before := map[string]string{}
		for _, chain := range chains {
			before[chain] = rulesIn(t, l, chain)
		}
		must(t, l.UFW("reload"))
		for _, chain := range chains {
			if diff := cmp.Diff(before[chain], rulesIn(t, l, chain)); diff != "" {
				t.Errorf("chain %s (-installed +reloaded):\n%s", chain, diff)
			}
		}
		harness(t, l, "status")
	})
}

// TestUFWBansHold goes through the life of a firewall with bans in force.
func TestUFWBansHold(t *testing.T) {
	eachFlavour(t, func(t *testing.T, l *lab.Lab) {
		must(t, l.UFW("enable"))
		s := serve(t, lab.Start{Config: ufwConfig})
		logged := func(text string) {
			t.Helper()
			if _, err := s.Log.Await(t.Context(), soon, text); err != nil {
				t.Error(err)
			}
		}
		addrs := []netip.Addr{attacker4(1), attacker6(1, 1)}
		banByHand(t, l, addrs...)
		// The files are root's alone, so that packets have to tell.
		must(t, shut(addrs[0]))
		logged("the harness in ufw is not in place")
		harness(t, l, "install")
		must(t, shut(addrs[0]))
		logged("the harness in ufw is in place again")

		marked, unmarked := markCounts(t, l)
		holds := func(what string) {
			t.Helper()
			for _, addr := range addrs {
				if err := shut(addr); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
		}
		holds("installed")
		if m, u := markCounts(t, l); m == marked || u != unmarked {
			t.Errorf("%d packets more were marked and %d not, want only marked ones", m-marked, u-unmarked)
		}
		for _, addr := range addrs {
			// "insert 1" takes IPv4 only where there are rules of both.
			must(t, l.UFW("prepend", "allow", "from", addr.String()))
		}
		holds("ufw allows the banned")
		for _, command := range []string{"reload", "disable", "enable"} {
			must(t, l.UFW(command))
			holds("ufw " + command)
		}
		must(t, open(l.Attacker, attacker4(9)))
		must(t, l.UFW("reset"))
		holds("ufw reset")
		must(t, lab.Until("status says what to do", soon, func() error {
			if err := shut(addrs[0]); err != nil {
				return err
			}
			out, err := l.Smtpbl("status")
			if err == nil && !strings.Contains(out, "smtpbl harness install") {
				err = errors.New(out)
			}
			return err
		}))
	})
}

// TestUFWStallsEstablished bans an address that is connected.
func TestUFWStallsEstablished(t *testing.T) {
	eachFlavour(t, func(t *testing.T, l *lab.Lab) {
		must(t, l.UFW("enable"))
		harness(t, l, "install")
		serve(t, lab.Start{Config: ufwConfig})
		for _, addr := range []netip.Addr{attacker4(1), attacker6(1, 1)} {
			conn, err := l.Attacker.Dial(addr, lab.PortSMTP, soon)
			must(t, err)
			buf := make([]byte, 512)
			must(t, conn.SetDeadline(time.Now().Add(soon)))
			if _, err := conn.Read(buf); err != nil {
				t.Fatal(err)
			}
			banByHand(t, l, addr)
			if _, err := conn.Write([]byte("NOOP\r\n")); err != nil {
				t.Fatal(err)
			}
			must(t, conn.SetDeadline(time.Now().Add(time.Second)))
			if n, err := conn.Read(buf); n > 0 || !os.IsTimeout(err) {
				t.Errorf("%s is banned and is answered %q (%v)", addr, buf[:n], err)
			}
			_ = conn.Close()
		}
	})
}

// TestUFWLeaksNothing floods from banned addresses while ufw is taken apart and
// built again, and the harness removed and installed: not one SYN is answered.
func TestUFWLeaksNothing(t *testing.T) {
	eachFlavour(t, func(t *testing.T, l *lab.Lab) {
		must(t, l.UFW("enable"))
		harness(t, l, "install")
		serve(t, lab.Start{Config: ufwConfig})
		var floods []*lab.Flood
		for _, addr := range []netip.Addr{attacker4(1), attacker6(1, 1)} {
			f, err := l.Attacker.Flood(addr, lab.PortSMTP)
			must(t, err)
			answered(t, f)
			must(t, f.Stop())
			banByHand(t, l, addr)
			f, err = l.Attacker.Flood(addr, lab.PortSMTP)
			must(t, err)
			floods = append(floods, f)
		}
		for _, command := range []string{"reload", "disable", "enable", "reload"} {
			must(t, l.UFW(command))
		}
		for range 3 {
			harness(t, l, "remove")
			harness(t, l, "install")
		}
		for _, f := range floods {
			must(t, f.Stop())
			t.Logf("%d packets of a banned address, %d answered", f.Sent(), f.Answered())
			if f.Answered() > 0 || f.Sent() < 1000 {
				t.Errorf("%d of %d packets of a banned address were answered", f.Answered(), f.Sent())
			}
		}
	})
}

// answered expects that a flood is answered: otherwise its silence would mean
// nothing.
func answered(t *testing.T, f *lab.Flood) {
	t.Helper()
	must(t, lab.Until("a SYN is answered", soon, func() error {
		if f.Answered() == 0 {
			return errSilence
		}
		return nil
	}))
}
