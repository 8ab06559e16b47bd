package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/compare"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/ingest/loggen"
)

var update = flag.Bool("update", false, "write the golden files anew")

// mixedLog writes a day of everything that policies have rules for.
func mixedLog(t testing.TB, lines int) string {
	t.Helper()
	c := loggen.Standard(lines, 0.3)
	c.Clients, c.Mixed, c.Step = 300, true, 20*time.Hour/time.Duration(lines)
	path := filepath.Join(t.TempDir(), "mail.log")
	var text bytes.Buffer
	if err := loggen.Write(&text, c); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// plain counts per address only, so that no other rule changes what the tests
// want.
const plain = `[policy]
account_nets = 0
net_accounts = 0
known_threshold = 0
outage_faults = 0
`

func configFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "smtpbl.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// smtpbl runs the program and wants it to work.
func smtpbl(t testing.TB, args ...string) string {
	t.Helper()
	var out, diag bytes.Buffer
	if code := run(t.Context(), args, env{stdout: &out, stderr: &diag}); code != exitDone {
		t.Fatalf("smtpbl %s: exit code %d\n%s", strings.Join(args, " "), code, diag.String())
	}
	return out.String()
}

func decoded[T any](t testing.TB, text string) *T {
	t.Helper()
	var v T
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return &v
}

func TestCompareGolden(t *testing.T) {
	log := mixedLog(t, 3000)
	was, might := configFile(t, plain), configFile(t, plain+"threshold4 = 4\nban_time = \"2h\"\nhoneypots = [\"admin\"]\n")
	got := smtpbl(t, "scan", "--config", was, "--compare", might, "--plot", log)
	got = strings.NewReplacer(was, "OLD.toml", might, "NEW.toml").Replace(got)
	golden := filepath.Join("testdata", "compare.want")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// scans computes from two scans what a comparison has to tell: the prefixes, and
// when each policy first bans them, by themselves or with a net around them.
func scans(t *testing.T, log, was, might string) (gained, lost, kept []string, first [2]map[string]time.Time) {
	t.Helper()
	all := map[netip.Prefix]bool{}
	var reports [2]*scanReport
	for i, config := range []string{was, might} {
		reports[i] = decoded[scanReport](t, smtpbl(t, "scan", "--config", config, "--json", log))
		for _, b := range reports[i].Bans {
			all[prefixOf(t, b.Addr)] = true
		}
		first[i] = map[string]time.Time{}
	}
	for p := range all {
		name := enforce.Addr(p)
		for i, r := range reports {
			for _, b := range r.Bans {
				if q := prefixOf(t, b.Addr); q.Bits() > p.Bits() || !q.Contains(p.Addr()) {
					continue
				}
				if at, seen := first[i][name]; !seen || b.At.Before(at) {
					first[i][name] = b.At
				}
			}
		}
		switch byOld, byNew := !first[0][name].IsZero(), !first[1][name].IsZero(); {
		case byOld && byNew:
			kept = append(kept, name)
		case byOld:
			lost = append(lost, name)
		default:
			gained = append(gained, name)
		}
	}
	return gained, lost, kept, first
}

func prefixOf(t *testing.T, addr string) netip.Prefix {
	t.Helper()
	if a, err := netip.ParseAddr(addr); err == nil {
		return netip.PrefixFrom(a, a.BitLen())
	}
	p, err := netip.ParsePrefix(addr)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a comparison tells must be what two scans tell.
func TestCompareIsTwoScans(t *testing.T) {
	log := mixedLog(t, 12_000)
	was := configFile(t, plain+"threshold4 = 6\nnet4_hosts = 5\nhoneypots = [\"boss@example.org\"]\n")
	might := configFile(t, plain+"threshold4 = 5\nnet4_hosts = 3\nban_time = \"1h\"\nhoneypots = [\"admin\"]\nall_ports4 = 7\n")
	gained, lost, kept, first := scans(t, log, was, might)
	if len(gained) < 10 || len(lost) < 10 || len(kept) < 10 {
		t.Fatalf("%d gained, %d lost, %d kept: the policies are too alike", len(gained), len(lost), len(kept))
	}
	r := decoded[compare.Report](t, smtpbl(t, "scan", "--config", was, "--compare", might, "--json", log))
	var got [3][]string
	check := func(name string, s *compare.Sentence, want time.Time) {
		if !s.At.Equal(want) {
			t.Errorf("%s: banned at %v, a scan says %v", name, s.At, want)
		}
	}
	for i := range r.Gained {
		got[0] = append(got[0], r.Gained[i].Addr)
		check(r.Gained[i].Addr, &r.Gained[i].Sentence, first[1][r.Gained[i].Addr])
	}
	for i := range r.Lost {
		got[1] = append(got[1], r.Lost[i].Addr)
		check(r.Lost[i].Addr, &r.Lost[i].Sentence, first[0][r.Lost[i].Addr])
	}
	for i := range r.Kept {
		got[2] = append(got[2], r.Kept[i].Addr)
		check(r.Kept[i].Addr, &r.Kept[i].Old, first[0][r.Kept[i].Addr])
		check(r.Kept[i].Addr, &r.Kept[i].New, first[1][r.Kept[i].Addr])
	}
	for i, want := range [][]string{gained, lost, kept} {
		slices.Sort(want)
		slices.Sort(got[i])
		if diff := cmp.Diff(want, got[i]); diff != "" {
			t.Errorf("%s (-scans +compare):\n%s", []string{"gained", "lost", "kept"}[i], diff)
		}
	}
	scanned := decoded[scanReport](t, smtpbl(t, "scan", "--config", might, "--json", log))
	if r.Lines != scanned.Lines || r.Events != scanned.Events || r.Made.New != len(scanned.Bans) {
		t.Errorf("%d lines, %d events, %d bans; a scan says %d, %d, %d", r.Lines, r.Events, r.Made.New, scanned.Lines, scanned.Events, len(scanned.Bans))
	}
	n := 0
	for _, x := range r.HalfHours.New {
		n += x
	}
	if n != r.Made.New {
		t.Errorf("%d bans in the day's half hours, %d in all", n, r.Made.New)
	}
}

// A policy compared with itself gains and loses nothing, not even time.
func TestCompareWithItself(t *testing.T) {
	log := mixedLog(t, 8000)
	same := configFile(t, "[policy]\nhoneypots = [\"admin\"]\nall_ports4 = 7\noutage_faults = 3\n")
	r := decoded[compare.Report](t, smtpbl(t, "scan", "--config", same, "--compare", same, "--json", log))
	if len(r.Gained)+len(r.Lost) > 0 || len(r.Kept) < 20 || r.Made.Old != r.Made.New || r.Collateral.Within.Old != r.Collateral.Within.New {
		t.Errorf("gained %d, lost %d, kept %d, %+v", len(r.Gained), len(r.Lost), len(r.Kept), r.Made)
	}
	for i := range r.Kept {
		if k := &r.Kept[i]; k.Earlier != 0 || k.Longer != 0 || cmp.Diff(k.Old, k.New) != "" {
			t.Errorf("%s is not the same: %+v", k.Addr, k)
		}
	}
	for _, l := range r.Collateral.Logins {
		if diff := cmp.Diff(l.Old, l.New); diff != "" {
			t.Errorf("%s: %s", l.Addr, diff)
		}
	}
	if len(r.Collateral.Logins) < 10 {
		t.Errorf("only %d addresses with a login: the log is too tame", len(r.Collateral.Logins))
	}
}

func TestCompareUsers(t *testing.T) {
	log, other := mixedLog(t, 3000), configFile(t, plain+"threshold4 = 3\n")
	for _, shown := range []bool{false, true} {
		args := []string{"scan", "--config", configFile(t, plain), "--compare", other, "--json", log}
		if shown {
			args = append(args, "--users")
		}
		text := smtpbl(t, args...)
		if got := strings.Contains(text, "\"home"); got != shown {
			t.Errorf("--users %v: names are shown: %v", shown, got)
		}
	}
}

func TestCompareFaults(t *testing.T) {
	log, good := mixedLog(t, 100), configFile(t, plain)
	bad := configFile(t, "[policy]\ntreshold4 = 3\n")
	for _, test := range []struct {
		args []string
		code int
		diag string
	}{
		{[]string{"--compare", bad, log}, exitUsage, "smtpbl: error: 1 fault in the configuration\n" + bad + ":2:1: "},
		{[]string{"--compare", bad + "x", log}, exitUsage, "smtpbl: error: no configuration file "},
		{[]string{"--compare", good, "--events", log}, exitUsage, "smtpbl: error: --events "},
		{[]string{"--compare", "", log}, exitUsage, "smtpbl: error: --compare names no configuration"}, // of an empty variable
		{[]string{"--users", log}, exitUsage, "smtpbl: error: --users and --plot go with "},
		{[]string{"--compare", good, log, log + "x"}, exitNo, "smtpbl: error: "},
	} {
		var out, diag bytes.Buffer
		args := append([]string{"scan", "--config", good}, test.args...)
		if code := run(t.Context(), args, env{stdout: &out, stderr: &diag}); code != test.code || !strings.HasPrefix(diag.String(), test.diag) {
			t.Errorf("%v: exit code %d, want %d\n%s", test.args, code, test.code, diag.String())
		}
		if (test.code == exitNo) != (out.Len() > 0) {
			t.Errorf("%v: printed %q", test.args, out.String())
		}
	}
}

// A terminal gets the plot without asking, as wide as it is, in characters that
// it can show.
func TestComparePlotOnTerminal(t *testing.T) {
	log, other := mixedLog(t, 1000), configFile(t, plain+"threshold4 = 3\n")
	user, tty := terminal(t)
	for _, c := range []struct {
		locale  string
		columns uint16
		want    string
	}{{"de_DE.UTF-8", 120, "each half hour of the day"}, {"C", 120, "each half hour of the day"}, {"C.UTF-8", 40, "each hour of the day"}} {
		if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: c.columns}); err != nil {
			t.Fatal(err)
		}
		e := env{stdout: tty, stderr: tty, getenv: func(name string) string { return map[string]string{"LANG": c.locale}[name] }}
		shown := make(chan string, 1)
		go func() { shown <- untilPrompt(user) }()
		if code := run(t.Context(), []string{"scan", "--config", configFile(t, plain), "--compare", other, log}, e); code != exitDone {
			t.Fatal(code)
		}
		fmt.Fprintln(tty, "PROMPT")
		text := <-shown
		if !strings.Contains(text, c.want) || strings.ContainsRune(text, '█') != (c.locale != "C") {
			t.Errorf("LANG=%s, %d columns:\n%s", c.locale, c.columns, text)
		}
	}
}

// untilPrompt reads what is shown on a terminal.
func untilPrompt(user *os.File) string {
	var text strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(text.String(), "PROMPT") {
		n, err := user.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			break
		}
	}
	return text.String()
}

// A comparison parses once what two scans parse twice.
func BenchmarkCompare(b *testing.B) {
	const lines = 200_000
	for _, share := range []float64{0.02, 1. / 3} {
		log, config := filepath.Join(b.TempDir(), "mail.log"), configFile(b, "")
		other := configFile(b, "[policy]\nthreshold4 = 4\n")
		var text bytes.Buffer
		if err := loggen.Write(&text, loggen.Standard(lines, share)); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(log, text.Bytes(), 0o600); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("two scans/%.0f%%", 100*share), func(b *testing.B) {
			for b.Loop() {
				smtpbl(b, "scan", "--config", config, log)
				smtpbl(b, "scan", "--config", other, log)
			}
		})
		b.Run(fmt.Sprintf("compare/%.0f%%", 100*share), func(b *testing.B) {
			for b.Loop() {
				smtpbl(b, "scan", "--config", config, "--compare", other, log)
			}
		})
	}
}
