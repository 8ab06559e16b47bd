package compare

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/mask"
)

// Detail says what a report holds.
type Detail struct {
	Users bool // login names in full; else they are masked
	Kept  bool // what both policies ban one by one; else only in sum
}

// Report tells what there is to tell so far.
func (c *Comparison) Report(d Detail) *Report {
	r := &Report{
		Made:   Pair[int]{c.bans[theOld].made, c.bans[theNew].made},
		Banned: Pair[int]{len(c.bans[theOld].by), len(c.bans[theNew].by)},
		Gained: []Ban{}, Lost: []Ban{}, Kept: []Kept{},
		HalfHours: Pair[[]int]{slices.Clone(c.bans[theOld].day[:]), slices.Clone(c.bans[theNew].day[:])},
	}
	if !c.from.IsZero() {
		r.From, r.To = &c.from, &c.to
	}
	for p := range c.bans[theOld].by {
		c.place(r, p, d.Kept)
	}
	for p := range c.bans[theNew].by {
		if c.bans[theOld].by[p] == nil {
			c.place(r, p, d.Kept)
		}
	}
	slices.SortFunc(r.Gained, func(a, b Ban) int { return byTime(a.At, b.At, a.Addr, b.Addr) })
	slices.SortFunc(r.Lost, func(a, b Ban) int { return byTime(a.At, b.At, a.Addr, b.Addr) })
	slices.SortFunc(r.Kept, func(a, b Kept) int { return byTime(a.first(), b.first(), a.Addr, b.Addr) })
	r.Collateral = c.collateral(d.Users)
	return r
}

// place adds p to the list where it belongs.
func (c *Comparison) place(r *Report, p netip.Prefix, kept bool) {
	was, might := c.bans[theOld].sentence(p), c.bans[theNew].sentence(p)
	switch {
	case was.first == nil:
		r.Gained = append(r.Gained, Ban{enforce.Addr(p), might.tell(p)})
	case might.first == nil:
		r.Lost = append(r.Lost, Ban{enforce.Addr(p), was.tell(p)})
	default:
		earlier, longer := was.first.At.Sub(might.first.At), might.banned-was.banned
		r.Both.add(earlier, longer)
		if kept {
			r.Kept = append(r.Kept, Kept{enforce.Addr(p), was.tell(p), might.tell(p), earlier.Seconds(), longer.Seconds()})
		}
	}
}

func (b *Both) add(earlier, longer time.Duration) {
	b.Prefixes++
	switch {
	case earlier > 0:
		b.Earlier++
	case earlier < 0:
		b.Later++
	}
	switch {
	case longer > 0:
		b.Longer++
	case longer < 0:
		b.Shorter++
	}
}

// tell makes what people read of a sentence over p.
func (s *sentence) tell(p netip.Prefix) Sentence {
	out := Sentence{
		At: s.first.At, Until: s.first.Until, Reason: s.first.Reason(), Failures: s.first.Failures,
		Step: string(s.first.Step), Bans: s.bans, Banned: s.banned.Seconds(),
	}
	if s.first.Prefix != p {
		out.By = s.first.Prefix.String()
	}
	return out
}

func (k *Kept) first() time.Time {
	if k.New.At.Before(k.Old.At) {
		return k.New.At
	}
	return k.Old.At
}

func byTime(a, b time.Time, addrA, addrB string) int {
	return cmp.Or(a.Compare(b), cmp.Compare(addrA, addrB))
}

func (c *Comparison) collateral(users bool) Collateral {
	out := Collateral{Logins: []Login{}}
	for p, x := range c.logins {
		l := Login{Addr: enforce.Addr(p), Users: []string{}, Successes: max(x.told, x.summed)}
		l.Old = c.meet(theOld, p, x, &out.Addresses.Old, &out.Within.Old)
		l.New = c.meet(theNew, p, x, &out.Addresses.New, &out.Within.New)
		if l.Old == nil && l.New == nil {
			continue
		}
		for _, name := range x.users {
			if !users {
				name = mask.User(name)
			}
			l.Users = append(l.Users, name)
		}
		out.Logins = append(out.Logins, l)
	}
	slices.SortFunc(out.Logins, func(a, b Login) int {
		return cmp.Or(a.weight()-b.weight(), byTime(a.success(), b.success(), a.Addr, b.Addr))
	})
	return out
}

// meet counts where policy i bans p, from which x logged in.
func (c *Comparison) meet(i int, p netip.Prefix, x *login, addresses, within *int) *Meeting {
	s := c.bans[i].sentence(p)
	if s.first == nil {
		return nil
	}
	*addresses++
	when, at := x.meets(i, &s)
	if when == Within {
		*within++
	}
	return &Meeting{When: when, Success: at, Sentence: s.tell(p)}
}

// weight puts those first whom the new policy would have kept out, and then
// those whom the old one would.
func (l *Login) weight() int {
	switch {
	case l.New != nil && l.New.When == Within:
		return 0
	case l.Old != nil && l.Old.When == Within:
		return 1
	}
	return 2
}

func (l *Login) success() time.Time {
	if l.New != nil {
		return l.New.Success
	}
	return l.Old.Success
}
