package postconf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postfix"
)

// Socket is one that smtpbl listens at.
type Socket struct {
	Protocol postfix.Protocol
	Path     string
}

// Verdict says how one service of Postfix makes use of the sockets.
type Verdict struct {
	Service string `json:"service"`
	Chroot  bool   `json:"chroot"`
	// Auth tells that clients can log in here: where they cannot, nobody
	// needs to be asked about.
	Auth        bool `json:"auth"`
	DelayReject bool `json:"delay_reject"`
	// Asks tells that smtpbl is asked about every client, in Parameter, which
	// In (main.cf or master.cf) sets.
	Asks      bool   `json:"asks"`
	Parameter string `json:"parameter"`
	In        string `json:"in"`
	// When says when Postfix asks, and what comes of it.
	When          string `json:"when,omitempty"`
	StopsGuessing bool   `json:"stops_guessing"`
	// Faults is what is wrong; Notes what is good to know.
	Faults []string `json:"faults"`
	Notes  []string `json:"notes"`
	// Write is what to write into In instead of what it says now.
	Write string `json:"write,omitempty"`
}

// Judge looks at each service. Services without AUTH are passed over where
// there are others.
func (s *Setup) Judge(sockets []Socket) []Verdict {
	all := make([]Verdict, len(s.Services))
	anywhere := false
	for i := range s.Services {
		svc := &s.Services[i]
		all[i] = Verdict{Service: svc.String(), Chroot: svc.Chroot, Faults: []string{}, Notes: []string{}}
		all[i].Auth, _ = s.yes(svc, "smtpd_sasl_auth_enable")
		all[i].DelayReject, _ = s.yes(svc, "smtpd_delay_reject")
		anywhere = anywhere || all[i].Auth
	}
	for i := range all {
		s.judge(&all[i], &s.Services[i], sockets, all[i].Auth || !anywhere)
	}
	return all
}

func (s *Setup) judge(v *Verdict, svc *Service, sockets []Socket, wanted bool) {
	if stage := s.shut(v, svc); stage != "" {
		v.Faults = append(v.Faults, stage+" turns everybody away: with smtpd_delay_reject = no it applies before AUTH, so that permit_sasl_authenticated permits nobody; put it into smtpd_recipient_restrictions (docs/POSTFIX.md)")
	}
	for _, c := range s.checks(svc) {
		if !slices.Contains(sockets, Socket{c.protocol, c.path}) {
			v.Notes = append(v.Notes, fmt.Sprintf("%s asks at %s, which is not a socket of smtpbl's", c.stage, c.path))
			continue
		}
		v.take(&c)
		return
	}
	if !wanted {
		v.Notes = append(v.Notes, "nobody can log in here, so that nothing is needed")
		return
	}
	v.Faults = append(v.Faults, "smtpbl is not asked")
	s.suggest(v, svc)
}

// shut returns the list of restrictions that permits those who have logged in,
// refuses all others, and applies before anybody can have logged in.
func (s *Setup) shut(v *Verdict, svc *Service) string {
	for _, stage := range stages[:2] {
		list, _ := s.value(svc, stage)
		items := split(list)
		i := slices.Index(items, "permit_sasl_authenticated")
		if !v.DelayReject && i >= 0 && slices.ContainsFunc(items[i:], func(item string) bool { return item == "reject" || item == "defer" }) {
			return stage
		}
	}
	return ""
}

// take describes a check.
func (v *Verdict) take(c *check) {
	v.Parameter, v.In, v.Asks = c.stage, "main.cf", true
	if c.own {
		v.In = "master.cf"
	}
	v.When, v.StopsGuessing = when(c.stage, v.DelayReject)
	if c.protocol == postfix.Map && !slices.Contains(c.after, "permit_sasl_authenticated") {
		v.Notes = append(v.Notes, "a table knows of no login: those who have logged in are turned away too, until the step is over")
	}
	for _, item := range c.after {
		switch item {
		case "permit_sasl_authenticated", "permit_tls_all_clientcerts":
			v.Notes = append(v.Notes, item+" comes first: smtpbl is not asked about those whom it permits")
		default:
			v.Asks = false
			v.Faults = append(v.Faults, fmt.Sprintf("%q comes first in %s: smtpbl is never asked", item, c.stage))
		}
	}
	if !c.open {
		v.Notes = append(v.Notes, "while smtpbl does not run, Postfix defers all mail here (451 4.3.5)"+remedy(c.protocol))
	}
}

func remedy(p postfix.Protocol) string {
	if p == postfix.Map {
		return ", as for every table that cannot be read: the policy service can do without"
	}
	return ": write check_policy_service { unix:…, default_action=DUNNO }"
}

// when says when Postfix goes through a list of restrictions: with
// smtpd_delay_reject = yes, the default, all wait for the first recipient.
func when(stage string, delayed bool) (text string, stops bool) {
	switch {
	case stage == "smtpd_client_restrictions" && !delayed:
		return "when the client connects, before AUTH: it is told the text instead of a greeting, and can try no password, not even the right one, until the step is over", true
	case stage == "smtpd_helo_restrictions" && !delayed:
		return "at EHLO, before AUTH: it is told the text", true
	case stage == "smtpd_sender_restrictions" && !delayed:
		return "at MAIL FROM, after AUTH: it does not stop guessing, it only refuses mail", false
	}
	return "at RCPT TO, after AUTH: it does not stop guessing, it only refuses mail; who has a wrong password never gets there", false
}

// place is the parameter that the suggestions set.
const place = "smtpd_client_restrictions"

// Macro is the parameter that holds the question, so that master.cf, where
// blanks are not easy, can name it.
const Macro = "smtpbl_check"

// suggest says what to write: into main.cf where all that allows the login
// stands there too, else for this service alone.
func (s *Setup) suggest(v *Verdict, svc *Service) {
	_, ownList := s.value(svc, place)
	_, ownAuth := s.yes(svc, "smtpd_sasl_auth_enable")
	// Where the name is written already, what it stands for is not.
	now := strings.Trim(strings.ReplaceAll(s.written(svc, place), "$"+Macro, ""), ", ")
	v.Parameter, v.In, v.Write = place, "main.cf", place+" = "+strings.TrimSuffix("$"+Macro+", "+now, ", ")
	if !ownList && !ownAuth {
		return
	}
	v.In = "master.cf"
	items := append([]string{"$" + Macro}, split(now)...)
	v.Write = "-o " + place + "=" + strings.Join(items, ",")
	if strings.ContainsAny(v.Write[3:], " {") {
		v.Write = "-o { " + place + " = " + strings.Join(items, " ") + " }"
	}
}

// Question is the value of Macro for a socket.
func (s *Setup) Question(socket Socket) string {
	path := socket.Path
	if rest, ok := strings.CutPrefix(path, s.QueueDirectory+"/"); ok {
		path = rest // works with and without a chroot
	}
	if socket.Protocol == postfix.Map {
		return "check_client_access socketmap:unix:" + path + ":smtpbl"
	}
	return "check_policy_service { unix:" + path + ", default_action=DUNNO, timeout=10s }"
}
