package policy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var testConfig = Config{
	Window: time.Hour, Threshold4: 3, Threshold6: 2,
	BanTime: 10 * time.Minute, BanTimeMax: 40 * time.Minute, Net4Hosts: 3, Net6Hosts: 2,
}

// play runs a scenario and tells its decisions. Each line is an offset from
// the start, a verb, an address or prefix, and options name=value:
// step, u(ser), by (mta, login, auth, auth2, pam, policy), s(ession), n (failures),
// ok (successes), x (excused), o (of others perhaps), unproven, p(assword), in (seconds spanned), until
// (offset), bans.
func play(t *testing.T, e *Engine, script string) []string {
	t.Helper()
	return playTelling(t, e, script, tell)
}

// playTelling is play with decisions told by tell.
func playTelling(t *testing.T, e *Engine, script string, tell func([]Decision) []string) []string {
	t.Helper()
	var told []string
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line != "" {
			told = append(told, tell(step(t, e, strings.Fields(line)))...)
		}
	}
	return told
}

func offset(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return start.Add(d)
}

func step(t *testing.T, e *Engine, words []string) []Decision {
	t.Helper()
	at, opts := offset(t, words[0]), map[string]string{}
	for _, w := range words[3:] {
		name, value, _ := strings.Cut(w, "=")
		opts[name] = value
	}
	prefix, err := netip.ParsePrefix(words[2])
	if err != nil {
		a := netip.MustParseAddr(words[2])
		prefix = netip.PrefixFrom(a, a.BitLen())
	}
	switch words[1] {
	case "hold":
		e.Hold(prefix, offset(t, opts["until"]))
	case "pardon":
		until := time.Time{}
		if opts["until"] != "" {
			until = offset(t, opts["until"])
		}
		e.Pardon(prefix, until)
	case "release":
		e.Release(prefix, at)
	case "exempt":
		e.SetExempt([]Exemption{{prefix, RefusedOwn}})
	case "restore":
		e.Restore(Offender{Prefix: prefix, Step: Step(opts["step"]), Rule: Rule(opts["rule"]), Bans: number(t, opts["bans"]), At: at, Until: offset(t, opts["until"])})
	default:
		return e.Observe(eventOf(t, at, prefix.Addr(), words[1], opts), nil)
	}
	return nil
}

func number(t *testing.T, s string) int {
	t.Helper()
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func eventOf(t *testing.T, at time.Time, a netip.Addr, verb string, opts map[string]string) *Event {
	t.Helper()
	verbs := map[string]Kind{"fail": AuthFail, "ok": AuthOK, "session": Session, "fault": BackendFault, "abuse": Abuse}
	by := map[string]Witness{
		"": WitnessMTA, "mta": WitnessMTA, "login": WitnessLogin, "auth": WitnessAuth, "auth2": WitnessAuth << 1,
		"pam": WitnessPAM, "policy": WitnessPolicy,
	}
	if verbs[verb] == 0 || by[opts["by"]] == 0 {
		t.Fatalf("no verb %q, or nobody is called %q", verb, opts["by"])
	}
	return &Event{
		Time: at, Addr: a, Kind: verbs[verb], Witness: by[opts["by"]], User: []byte(opts["u"]),
		Session: uint64(number(t, opts["s"])), Failures: number(t, opts["n"]),
		Successes: number(t, opts["ok"]), Excused: number(t, opts["x"]),
		Unnamed: number(t, opts["o"]), Unproven: opts["unproven"] != "",
		Password: uint32(number(t, opts["p"])), Span: time.Duration(number(t, opts["in"])) * time.Second,
	}
}

func tell(out []Decision) []string {
	told := make([]string, 0, len(out))
	for _, d := range out {
		s := fmt.Sprintf("%s ban %s rank %d for %s count %d", d.At.Sub(start), d.Prefix, d.Rank, d.For(), d.Failures)
		if !d.Ban() {
			s = fmt.Sprintf("%s spare %s %s", d.At.Sub(start), d.Prefix, d.Refusal)
		}
		told = append(told, s)
	}
	return told
}
