package main

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/knock"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/mask"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// explanation is what is known of an address or a prefix, as
// "smtpbl why --json" prints it. What is not known is null or empty.
type explanation struct {
	Addr    string    `json:"addr"`
	Known   bool      `json:"known"` // whether anything of it is
	Verdict string    `json:"verdict"`
	State   whyState  `json:"state"`
	At      time.Time `json:"at"`
	// Asked tells whether the service was; without it there are no counts.
	Asked bool     `json:"service"`
	Ports []uint16 `json:"ports"`
	// NeverBan is why it is never banned; a pardon has an end.
	NeverBan string     `json:"never_ban"`
	Pardoned *time.Time `json:"pardoned_until"`
	Bans     []whyBan   `json:"bans"` // those that hold or should, the longest first
	// BanCount is how many bans there were, as far as they count for the next
	// one, and LastBan the last one of the policy where it has ended.
	BanCount int         `json:"ban_count"`
	LastBan  *whyLastBan `json:"last_ban"`
	// Count is where it stands on the way to the next ban.
	Count *whyCount  `json:"count"`
	Net   *whyNet    `json:"net"`
	First *time.Time `json:"first_seen"`
	Last  *time.Time `json:"last_seen"`
	Users []whyUser  `json:"users"`
	Knock *whyKnock  `json:"dropped"`
	// Lines are the last that are kept, the oldest first; Older says that there
	// were earlier ones.
	Lines []whyLine `json:"lines"`
	Older bool      `json:"older_lines"`
}

// whyState is the verdict in one word.
type whyState string

const (
	stateBanned   whyState = "banned"
	statePending  whyState = "pending" // to be banned, but the kernel has it not
	stateSoft     whyState = "soft"
	stateNeverBan whyState = "never_ban"
	stateFree     whyState = "not_banned"
)

// whyBan is one ban around the address.
type whyBan struct {
	control.Ban
	Rule     policy.Rule `json:"rule"`
	Step     policy.Step `json:"step"`
	AtTime   *time.Time  `json:"at"`
	Until    *time.Time  `json:"until"` // null: as long as a block list names it
	Count    int         `json:"ban_count"`
	Enforced bool        `json:"enforced"`
}

type whyLastBan struct {
	At     time.Time   `json:"at"`
	Until  time.Time   `json:"until"`
	Rule   policy.Rule `json:"rule"`
	Reason string      `json:"reason"`
}

type whyCount struct {
	Prefix    string      `json:"counted_as"`
	Failures  int         `json:"failures"`
	Known     int         `json:"known_failures"` // of them, those of users who logged in from there lately
	Threshold int         `json:"threshold"`
	More      int         `json:"more"` // how many more of other users ban
	Step      policy.Step `json:"step"`
	Until     *time.Time  `json:"until"`
	NextBan   float64     `json:"next_ban_seconds"`
}

type whyNet struct {
	Addr       string         `json:"addr"`
	Banned     int            `json:"banned"`
	Threshold  int            `json:"threshold"`
	Neighbours []whyNeighbour `json:"neighbours"`
}

type whyNeighbour struct {
	Addr  string     `json:"addr"`
	Until *time.Time `json:"until"`
	Count int        `json:"ban_count"`
}

type whyUser struct {
	User     string `json:"user"`
	Failures int    `json:"failures"` // in the lines that are kept
}

type whyKnock struct {
	Packets   uint64    `json:"packets"`
	PerSecond float64   `json:"packets_per_second"`
	Ports     []uint16  `json:"ports"`
	LastSeen  time.Time `json:"last_seen"`
}

type whyLine struct {
	At       time.Time `json:"at"`
	Service  string    `json:"service"`
	Protocol string    `json:"protocol"`
	Kind     string    `json:"kind"`
	Failures int       `json:"failures"`
	User     string    `json:"user"`
	Text     string    `json:"line"`
	cut      bool
}

// facts are what an explanation is made of.
type facts struct {
	asked    netip.Prefix
	now      time.Time
	ports    []uint16
	records  []store.Record // wanted bans that cover asked, or the running ones of the history
	kernel   []nft.Ban      // bans that match it
	allowed  bool           // the kernel lets it pass whatever the bans say
	pardoned time.Time      // until when; zero where it is not
	past     []store.Record // what the history knows of exactly asked or its key
	standing *policy.Standing
	refusal  policy.Refusal
	near     []policy.Neighbour
	lines    []byte // of the Judge
	seen     int
	saved    []store.Evidence
	knock    *knock.Source
}

// explain puts the facts together.
func (f *facts) explain() *explanation {
	x := &explanation{
		Addr: enforce.Addr(f.asked), At: f.now, Asked: f.standing != nil, Ports: f.ports,
		NeverBan: string(f.refusal), Pardoned: timeOrNil(f.pardoned), Bans: f.bans(), Users: []whyUser{}, Lines: []whyLine{},
	}
	if x.NeverBan == "" && x.Pardoned != nil {
		x.NeverBan = string(policy.RefusedPardon)
	}
	f.count(x)
	if f.allowed && x.NeverBan == "" { // without a better reason, which the Engine would know
		x.NeverBan = string(policy.RefusedNeverBan)
	}
	f.history(x)
	f.evidence(x)
	if f.knock != nil {
		x.Knock = &whyKnock{Packets: f.knock.Packets, PerSecond: f.knock.Minute, Ports: f.knock.Ports, LastSeen: f.knock.Last}
	}
	x.Known = x.NeverBan != "" || len(x.Bans) > 0 || len(x.Lines) > 0 || x.LastBan != nil || x.BanCount > 0 || x.Knock != nil ||
		x.Count != nil && (x.Count.Failures > 0 || x.Count.Step != "")
	x.State = x.state()
	return x
}

// bans tells of each ban what kernel and history know.
func (f *facts) bans() []whyBan {
	out := make([]whyBan, 0, len(f.kernel)+len(f.records))
	known := map[nft.Key]*store.Record{}
	for i := range f.records {
		known[f.records[i].Key()] = &f.records[i]
	}
	described := describe(f.kernel, nil)
	for i := range f.kernel {
		b := whyBan{Ban: described[i], Enforced: true}
		if f.kernel[i].Timeout > 0 {
			b.Until = timeOrNil(f.now.Add(f.kernel[i].Remaining).Round(time.Second))
		}
		if f.kernel[i].Layer == nft.LayerFeed {
			b.Reason = "a block list names it"
		}
		if r := known[f.kernel[i].Key()]; r != nil {
			b.add(r)
			delete(known, r.Key())
		}
		out = append(out, b)
	}
	for _, r := range known {
		b := whyBan{Ban: control.Ban{Addr: enforce.Addr(r.Prefix), Set: r.Key().Set(), Remaining: seconds(r.Until.Sub(f.now))}}
		b.add(r)
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b whyBan) int {
		return cmp.Or(compareBool(b.Enforced, a.Enforced), compareBool(a.Until != nil, b.Until != nil),
			cmp.Compare(b.Remaining, a.Remaining), cmp.Compare(a.Set, b.Set))
	})
	return out
}

// add tells what is known of a ban beside the kernel.
func (b *whyBan) add(r *store.Record) {
	b.Reason, b.Rule, b.Step, b.Count = r.Reason, r.Rule, r.Step, r.Bans
	b.AtTime, b.Until = timeOrNil(r.At), timeOrNil(r.Until)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// count tells what the Engine knows.
func (f *facts) count(x *explanation) {
	s := f.standing
	if s == nil {
		return
	}
	if s.Prefix.IsValid() {
		x.Count = &whyCount{
			Prefix: enforce.Addr(s.Prefix), Failures: s.Failures, Known: s.Known, Threshold: s.Threshold, More: s.More,
			Step: s.Step, Until: timeOrNil(s.Until), NextBan: seconds(s.NextBan),
		}
	}
	x.BanCount, x.First, x.Last = s.Bans, timeOrNil(s.First), timeOrNil(s.Last)
	if x.NeverBan == "" {
		x.NeverBan = string(s.Refusal)
	}
	if !s.Net.IsValid() {
		return
	}
	x.Net = &whyNet{Addr: enforce.Addr(s.Net.Masked()), Banned: s.NetBanned, Threshold: s.NetThreshold, Neighbours: []whyNeighbour{}}
	for _, n := range f.near {
		x.Net.Neighbours = append(x.Net.Neighbours, whyNeighbour{
			Addr: enforce.Addr(n.Prefix), Until: timeOrNil(n.Until), Count: n.Bans,
		})
	}
}

// history tells of bans that are over.
func (f *facts) history(x *explanation) {
	for i := range f.past {
		r := &f.past[i]
		if f.standing == nil {
			x.BanCount = max(x.BanCount, r.Bans)
		}
		if r.Active(f.now) || x.LastBan != nil && !x.LastBan.At.Before(r.At) {
			continue
		}
		x.LastBan = &whyLastBan{At: r.At, Until: r.Until, Rule: r.Rule, Reason: r.Reason}
	}
}

// evidence puts the lines of Judge and history together, and tells of the users
// in them.
func (f *facts) evidence(x *explanation) {
	sources, seen := make([][]evidence.Line, 0, 1+len(f.saved)), f.seen
	sources = append(sources, linesOf(f.lines))
	for i := range f.saved {
		sources, seen = append(sources, linesOf(f.saved[i].Lines)), max(seen, f.saved[i].Seen)
	}
	lines := union(sources)
	slices.SortStableFunc(lines, func(a, b evidence.Line) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Text, b.Text)) })
	if extra := len(lines) - evidence.Most; extra > 0 {
		lines, x.Older = lines[extra:], true
	}
	x.Older = x.Older || seen > len(lines)
	for i := range lines {
		x.add(&lines[i])
	}
	slices.SortStableFunc(x.Users, func(a, b whyUser) int { return b.Failures - a.Failures })
}

// union returns each line as often as the source has it that has it most often:
// a line that several sources have is one, and equal lines of one are several.
func union(sources [][]evidence.Line) []evidence.Line {
	most := map[evidence.Line]int{}
	for _, lines := range sources {
		own := map[evidence.Line]int{}
		for _, l := range lines {
			own[l]++
			most[l] = max(most[l], own[l])
		}
	}
	out := make([]evidence.Line, 0, len(most))
	for l, n := range most {
		out = append(out, slices.Repeat([]evidence.Line{l}, n)...)
	}
	return out
}

// linesOf leaves out what is damaged.
func linesOf(b []byte) []evidence.Line {
	lines, _ := evidence.Decode(b) // it returns what it could read
	return lines
}

func (x *explanation) add(l *evidence.Line) {
	_, cut := l.Cut()
	x.Lines = append(x.Lines, whyLine{
		At: l.At, Service: l.Service.String(), Protocol: l.Protocol.String(), Kind: l.Kind.String(),
		Failures: l.Failures, User: l.User, Text: l.Text, cut: cut,
	})
	if x.First == nil || l.At.Before(*x.First) {
		x.First = &l.At
	}
	if x.Last == nil || l.At.After(*x.Last) {
		x.Last = &l.At
	}
	if l.User == "" {
		return
	}
	i := slices.IndexFunc(x.Users, func(u whyUser) bool { return u.User == l.User })
	if i < 0 {
		i = len(x.Users)
		x.Users = append(x.Users, whyUser{User: l.User})
	}
	x.Users[i].Failures += max(l.Failures, 1)
}

// state is the verdict in one word.
func (x *explanation) state() whyState {
	switch {
	case x.NeverBan != "":
		return stateNeverBan
	case len(x.Bans) > 0 && x.Bans[0].Enforced:
		return stateBanned
	case len(x.Bans) > 0:
		return statePending
	case x.Count != nil && x.Count.Step == policy.StepSoft:
		return stateSoft
	}
	return stateFree
}

// finish makes the explanation safe to be shown: nothing in it can act on a
// terminal, and without users, none of them can be told. Then it gives the
// verdict.
func (x *explanation) finish(users bool) {
	names := make([]string, 0, len(x.Users))
	for i := range x.Users {
		names = append(names, x.Users[i].User)
	}
	hidden := mask.NewNames(names, evidence.MaxUser)
	for i := range x.Users {
		if u := &x.Users[i].User; !users {
			*u = mask.User(*u)
		}
		x.Users[i].User = visible(x.Users[i].User)
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		if !users {
			l.Text = hidden.Line(l.Text, l.User, l.cut)
			if l.User != "" {
				l.User = mask.User(l.User)
			}
		}
		l.User, l.Text = visible(l.User), visible(l.Text)
	}
	for i := range x.Bans {
		x.Bans[i].Reason = visible(x.Bans[i].Reason)
	}
	if x.LastBan != nil {
		x.LastBan.Reason = visible(x.LastBan.Reason)
	}
	x.Verdict = x.verdict()
}
